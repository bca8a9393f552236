-- Settings of one city in place of the Federation's, such as a WeChat app of its own.

create table city_env (
    city_id    text collate "C" not null references cities (city_id) on delete cascade,
    key        text collate "C" not null,
    sealed     bytea not null,
    updated_at bigint not null,
    primary key (city_id, key)
);
