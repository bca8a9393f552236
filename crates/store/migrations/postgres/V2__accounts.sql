-- What an account is beyond one provider: e-mail, passwords, mails to be sent, events, webhooks, refresh tokens.

alter table users add column locale text;
-- Fields the person edited, as JSON array of text: the next sign-in leaves them alone.
alter table users add column edited text not null default '[]';
-- When the account is to be removed for good.
alter table users add column delete_at bigint;
create index users_by_deletion on users (delete_at) where delete_at is not null;
create index users_by_creation on users (created_at, user_id);

alter table sessions add column last_seen_at bigint;
-- Why and how: what the person is shown in their list of sessions.
alter table sessions add column refreshable bigint not null default 0 check (refreshable in (0, 1));
create index sessions_by_user on sessions (user_id, created_at);
create index sessions_by_creation on sessions (created_at, session_id);

-- An attempt that links a provider to a user who is signed in, instead of signing in.
alter table login_attempts add column link_user_id text;
-- The session that asked for it, which must still be live when the provider has answered.
alter table login_attempts add column link_session_id text;
-- Whether a refresh token was asked for.
alter table login_attempts add column refreshable bigint not null default 0 check (refreshable in (0, 1));

-- One password a user. The address they sign in with is an identity of the provider `email`.
create table passwords (
    user_id     text collate "C" primary key references users (user_id) on delete cascade,
    hash        text collate "C" not null, -- PHC string
    changed_at  bigint not null,
    failures    bigint not null default 0,
    next_try_at bigint not null default 0
);

-- One-time links and codes sent by mail; digests only.
create table mail_tokens (
    digest     bytea primary key check (length(digest) = 32),
    purpose    text collate "C" not null check (purpose in ('verify', 'reset', 'sign_in', 'change_email')),
    address    text collate "C" not null, -- folded
    user_id    text collate "C" references users (user_id) on delete cascade,
    sealed     bytea, -- what the purpose needs, sealed
    failures   bigint not null default 0,
    created_at bigint not null,
    expires_at bigint not null,
    used_at    bigint
);
create index mail_tokens_by_address on mail_tokens (address, purpose);
create index mail_tokens_by_expiry on mail_tokens (expires_at);

-- What is to be sent, surviving restarts: mails and webhook deliveries.
create table outbox (
    outbox_id  text collate "C" primary key,
    kind       text collate "C" not null check (kind in ('mail', 'webhook')),
    target     text collate "C" not null, -- folded address, or webhook_id
    event_id   text collate "C",          -- of a webhook delivery
    sealed     bytea,          -- of a mail
    tries      bigint not null default 0,
    next_at    bigint not null,
    taken_until bigint not null default 0, -- one node at a time
    state      text collate "C" not null check (state in ('waiting', 'sent', 'given_up')),
    last_error text collate "C",
    created_at bigint not null,
    ended_at   bigint
);
create index outbox_due on outbox (next_at) where state = 'waiting';
create index outbox_by_target on outbox (target, created_at);
create index outbox_by_end on outbox (ended_at) where ended_at is not null;

-- What happened, in order; never changed, only forgotten after a time.
create table events (
    event_id   text collate "C" primary key,
    type       text collate "C" not null,
    user_id    text collate "C",
    city_id    text collate "C",
    actor      text collate "C" not null, -- user, admin:<key_id>, system
    network    text collate "C",
    detail     text collate "C" not null, -- JSON object, no secrets
    created_at bigint not null
);
create index events_by_user on events (user_id, event_id) where user_id is not null;
create index events_by_creation on events (created_at);

create table webhooks (
    webhook_id text collate "C" primary key,
    url        text collate "C" not null,
    types      text collate "C" not null, -- JSON array of text; empty: all
    sealed     bytea not null, -- its signing secret
    active     bigint not null check (active in (0, 1)),
    created_at bigint not null,
    updated_at bigint not null
);

-- Rotating refresh tokens (RFC 9700, 4.14.2): a used one that comes again ends its session.
create table refresh_tokens (
    digest     bytea primary key check (length(digest) = 32),
    session_id text collate "C" not null,
    number     bigint not null, -- 0, 1, 2 … within the session
    used_at    bigint,
    created_at bigint not null,
    expires_at bigint not null,
    unique (session_id, number)
);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);

-- Counted tries that all nodes must agree on, in fixed windows.
create table limits (
    bucket     text collate "C" primary key,
    count      bigint not null,
    ends_at    bigint not null
);
create index limits_by_end on limits (ends_at);

alter table signing_keys add column retired_at bigint;
