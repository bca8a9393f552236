-- Starting a sign-in writes to one place: attempts are found by the date that is in their ids and states
-- (docs/decisions/0041-attempts-are-found-by-their-date.md). SQLite takes no key off a table, so it
-- is made anew, its columns in their old order.

create table attempts_by_date (
    attempt_id       text not null primary key, -- UUIDv7
    state            blob not null check (length(state) = 32), -- digest, with the date of the id
    city_id          text not null references cities (city_id) on delete cascade,
    provider         text not null,
    app_id           text not null,
    redirect_uri     text not null,
    return_to        text,
    challenge        text,
    lang             text not null,
    starter_network  text not null,
    starter_agent    text not null,
    starter_browser  blob,
    stage            text not null check (stage in ('waiting', 'exchanging', 'confirming', 'done', 'failed')),
    claimed_code     blob,
    finisher         blob,
    claimed_at       integer, -- set by exchanging
    sealed_identity  blob,    -- only while confirming
    user_id          text,    -- set by done
    failure          text,    -- set by failed
    ended_at         integer, -- set by done and failed
    collected_at     integer,
    collected_by     text,    -- the network it was first collected from
    session_id       text,    -- the session that collecting began
    created_at       integer not null,
    expires_at       integer not null,
    link_user_id     text,
    link_session_id  text,    -- the session that asked for linking
    refreshable      integer not null default 0 check (refreshable in (0, 1)),
    provider_code    text,
    finisher_network text,
    finisher_agent   text,
    finisher_same    integer check (finisher_same in (0, 1)),
    code_tries       integer  -- null where no code is asked for
) strict, without rowid;

insert into attempts_by_date select * from login_attempts order by attempt_id;
drop table login_attempts;
alter table attempts_by_date rename to login_attempts;
create index login_attempts_by_user on login_attempts (user_id) where user_id is not null;
create index login_attempts_by_link on login_attempts (link_user_id) where link_user_id is not null;
-- What is erased when nobody has confirmed it in time.
create index login_attempts_held on login_attempts (expires_at) where sealed_identity is not null;
