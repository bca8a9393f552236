-- Users who were brought over from another system. A row stays when the user is gone, so that bringing the
-- same users over again never brings back who has left.
create table moved_in (
    user_id  text collate "C" primary key,
    moved_at bigint not null
);

-- Hashes of another system's form, until their owner signs in.
alter table passwords add column old bigint not null default 0 check (old in (0, 1));
create index passwords_old on passwords (user_id) where old = 1;
