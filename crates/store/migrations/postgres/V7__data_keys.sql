-- The keys that seal and derive, each wrapped under the master key, which is not in here.

create table data_keys (
    data_key_id   text collate "C" primary key, -- 8 hexadecimal digits, as in front of what was sealed with it
    purpose       text collate "C" not null check (purpose in ('seal', 'derive')),
    wrapped       bytea not null,
    master_key_id text collate "C" not null, -- the master key that it is wrapped under, 8 hexadecimal digits
    active        bigint not null check (active in (0, 1)), -- seals what is new, or derives
    created_at    bigint not null,
    emptied_at    bigint -- since when nothing is sealed with it any more
);
create unique index data_keys_one_active on data_keys (purpose) where active = 1;
