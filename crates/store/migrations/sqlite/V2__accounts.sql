-- What an account is beyond one provider: e-mail, passwords, mails to be sent, events, webhooks, refresh tokens.

alter table users add column locale text;
-- Fields the person edited, as JSON array of text: the next sign-in leaves them alone.
alter table users add column edited text not null default '[]';
-- When the account is to be removed for good.
alter table users add column delete_at integer;
create index users_by_deletion on users (delete_at) where delete_at is not null;
create index users_by_creation on users (created_at, user_id);

alter table sessions add column last_seen_at integer;
-- Why and how: what the person is shown in their list of sessions.
alter table sessions add column refreshable integer not null default 0 check (refreshable in (0, 1));
create index sessions_by_user on sessions (user_id, created_at);
create index sessions_by_creation on sessions (created_at, session_id);

-- An attempt that links a provider to a user who is signed in, instead of signing in.
alter table login_attempts add column link_user_id text;
-- The session that asked for it, which must still be live when the provider has answered.
alter table login_attempts add column link_session_id text;
-- Whether a refresh token was asked for.
alter table login_attempts add column refreshable integer not null default 0 check (refreshable in (0, 1));

-- One password a user. The address they sign in with is an identity of the provider `email`.
create table passwords (
    user_id     text not null primary key references users (user_id) on delete cascade,
    hash        text not null, -- PHC string
    changed_at  integer not null,
    failures    integer not null default 0,
    next_try_at integer not null default 0
) strict;

-- One-time links and codes sent by mail; digests only.
create table mail_tokens (
    digest     blob not null primary key check (length(digest) = 32),
    purpose    text not null check (purpose in ('verify', 'reset', 'sign_in', 'change_email')),
    address    text not null, -- folded
    user_id    text references users (user_id) on delete cascade,
    sealed     blob, -- what the purpose needs, sealed
    failures   integer not null default 0,
    created_at integer not null,
    expires_at integer not null,
    used_at    integer
) strict;
create index mail_tokens_by_address on mail_tokens (address, purpose);
create index mail_tokens_by_expiry on mail_tokens (expires_at);

-- What is to be sent, surviving restarts: mails and webhook deliveries.
create table outbox (
    outbox_id  text not null primary key,
    kind       text not null check (kind in ('mail', 'webhook')),
    target     text not null, -- folded address, or webhook_id
    event_id   text,          -- of a webhook delivery
    sealed     blob,          -- of a mail
    tries      integer not null default 0,
    next_at    integer not null,
    taken_until integer not null default 0, -- one node at a time
    state      text not null check (state in ('waiting', 'sent', 'given_up')),
    last_error text,
    created_at integer not null,
    ended_at   integer
) strict;
create index outbox_due on outbox (next_at) where state = 'waiting';
create index outbox_by_target on outbox (target, created_at);
create index outbox_by_end on outbox (ended_at) where ended_at is not null;

-- What happened, in order; never changed, only forgotten after a time.
create table events (
    event_id   text not null primary key,
    type       text not null,
    user_id    text,
    city_id    text,
    actor      text not null, -- user, admin:<key_id>, system
    network    text,
    detail     text not null, -- JSON object, no secrets
    created_at integer not null
) strict;
create index events_by_user on events (user_id, event_id) where user_id is not null;
create index events_by_creation on events (created_at);

create table webhooks (
    webhook_id text not null primary key,
    url        text not null,
    types      text not null, -- JSON array of text; empty: all
    sealed     blob not null, -- its signing secret
    active     integer not null check (active in (0, 1)),
    created_at integer not null,
    updated_at integer not null
) strict;

-- Rotating refresh tokens (RFC 9700, 4.14.2): a used one that comes again ends its session.
create table refresh_tokens (
    digest     blob not null primary key check (length(digest) = 32),
    session_id text not null,
    number     integer not null, -- 0, 1, 2 … within the session
    used_at    integer,
    created_at integer not null,
    expires_at integer not null,
    unique (session_id, number)
) strict;
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);

-- Counted tries that all nodes must agree on, in fixed windows.
create table limits (
    bucket     text not null primary key,
    count      integer not null,
    ends_at    integer not null
) strict;
create index limits_by_end on limits (ends_at);

alter table signing_keys add column retired_at integer;
