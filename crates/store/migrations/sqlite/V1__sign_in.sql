-- What a Federation remembers. Times are milliseconds since 1970 (UTC), truth values 0 and 1, ids text.
-- Of states, codes, cookies and session keys there are only SHA-256 digests.

create table cities (
    city_id           text not null primary key,
    name              text not null,
    status            text not null check (status in ('active', 'paused')),
    allowed_origins   text not null, -- JSON array of text
    allowed_redirects text not null, -- JSON array of text
    confirm           text not null check (confirm in ('always', 'auto', 'never')),
    created_at        integer not null,
    updated_at        integer not null
) strict;

create table users (
    user_id      text not null primary key,
    email        text unique, -- folded to lower case; verified, or absent
    display_name text,
    avatar_url   text,
    bio          text,
    disabled     integer not null default 0 check (disabled in (0, 1)),
    created_at   integer not null,
    updated_at   integer not null
) strict;

create table identities (
    identity_id  text not null primary key,
    user_id      text not null references users (user_id) on delete cascade,
    provider     text not null,
    created_at   integer not null,
    last_used_at integer not null -- to the minute
) strict;
create index identities_by_user on identities (user_id);

-- The stable names of a person at a provider: a name belongs to one identity, and an identity has one name of
-- each kind in each scope.
create table identity_keys (
    provider    text not null,
    kind        text not null check (kind in ('unionid', 'openid', 'sub')),
    scope       text not null,
    value       text not null check (value <> ''),
    identity_id text not null references identities (identity_id) on delete cascade,
    primary key (provider, kind, scope, value),
    unique (identity_id, kind, scope)
) strict, without rowid;

create table login_attempts (
    attempt_id      text not null primary key,
    state           blob not null unique check (length(state) = 32),
    city_id         text not null references cities (city_id) on delete cascade,
    provider        text not null,
    app_id          text not null,
    redirect_uri    text not null,
    return_to       text,
    challenge       text,
    lang            text not null,
    starter_network text not null,
    starter_agent   text not null,
    starter_browser blob,
    stage           text not null
                    check (stage in ('waiting', 'exchanging', 'confirming', 'done', 'failed')),
    claimed_code    blob,
    finisher        blob,
    claimed_at      integer,  -- set by exchanging
    sealed_identity blob,   -- only while confirming
    user_id         text,     -- set by done
    failure         text,     -- set by failed
    ended_at        integer,  -- set by done and failed
    collected_at    integer,
    collected_by    text,     -- the network it was first collected from
    session_id      text,     -- the session that collecting began
    created_at      integer not null,
    expires_at      integer not null
) strict, without rowid;
create index login_attempts_by_expiry on login_attempts (expires_at);

-- user_id refers to no table: tokens issued by hand may name a product's own users.
create table sessions (
    sid        blob primary key not null check (length(sid) = 32),
    session_id text not null unique,
    user_id    text not null,
    city_id    text not null references cities (city_id) on delete cascade,
    provider   text not null,
    metadata   text, -- JSON
    network    text not null,
    agent      text not null,
    created_at integer not null,
    expires_at integer not null,
    revoked_at integer
) strict;
create index sessions_by_expiry on sessions (expires_at);

create table env (
    key        text not null primary key,
    sealed     blob not null,
    updated_at integer not null
) strict;

create table signing_keys (
    kid        text not null primary key,
    sealed     blob not null,
    public     blob not null,
    active     integer not null check (active in (0, 1)),
    created_at integer not null
) strict;
create unique index signing_keys_one_active on signing_keys (active) where active = 1;

create table admin_keys (
    key_id     text not null primary key,
    digest     blob not null unique check (length(digest) = 32),
    name       text not null,
    created_at integer not null
) strict;

create table facts (
    name  text not null primary key,
    value blob not null
) strict;

-- Counts the changes to cities, env and keys, so that other nodes can notice them.
create table changes (
    id    integer primary key check (id = 1),
    count integer not null
) strict;
insert into changes (id, count) values (1, 0);
