-- Settings of one city in place of the Federation's, such as a WeChat app of its own.

create table city_env (
    city_id    text not null references cities (city_id) on delete cascade,
    key        text not null,
    sealed     blob not null,
    updated_at integer not null,
    primary key (city_id, key)
) strict;
