-- Who keeps the Federation, and what they did and see: roles of admin keys, sessions of the workspace, the audit
-- record, counts of sign-ins, providers that are switched off.

alter table admin_keys add column role text collate "C" not null default 'owner' check (role in ('owner', 'operator', 'viewer'));
-- The only city that the key is for.
alter table admin_keys add column city_id text collate "C" references cities (city_id) on delete cascade;
alter table admin_keys add column expires_at bigint;
alter table admin_keys add column last_used_at bigint; -- to the minute
alter table admin_keys add column revoked_at bigint;

-- Sessions of the web workspace: each began with an admin key and is worth no more than it.
create table admin_sessions (
    digest     bytea primary key check (length(digest) = 32), -- of the cookie
    session_id text collate "C" not null unique,
    key_id     text collate "C" not null references admin_keys (key_id) on delete cascade,
    network    text collate "C" not null,
    agent      text collate "C" not null,
    created_at bigint not null,
    seen_at    bigint not null, -- to the minute
    expires_at bigint not null
);
create index admin_sessions_by_key on admin_sessions (key_id);
create index admin_sessions_by_expiry on admin_sessions (expires_at);

-- What admins did, in order; written in the transaction of the change, never changed, without secrets.
create table audit (
    audit_id   text collate "C" primary key,
    key_id     text collate "C" not null, -- 'local' for commands on the machine itself
    key_name   text collate "C" not null,
    via        text collate "C" not null check (via in ('api', 'workspace', 'machine')),
    network    text collate "C", -- where from; null on the machine itself
    action     text collate "C" not null, -- noun.verb, such as env.set
    city_id    text collate "C",
    subject    text collate "C" not null, -- what it was done to: a setting's name, an id
    before     text collate "C", -- JSON, as it may be shown
    after      text collate "C", -- the same
    created_at bigint not null
);
create index audit_by_city on audit (city_id, audit_id) where city_id is not null;
create index audit_by_action on audit (action, audit_id);
create index audit_by_subject on audit (subject, audit_id);
create index audit_by_creation on audit (created_at);

-- Sign-ins that are over, by the hour they were started in. Those with expires_at up to the fact
-- `sign_ins_counted_until` are in here; younger ones are counted where they stand.
create table sign_in_counts (
    hour     bigint not null, -- its first millisecond
    city_id  text collate "C" not null,
    provider text collate "C" not null,
    outcome  text collate "C" not null, -- done, expired, not_returned, or a failure's code
    count    bigint not null,
    primary key (hour, city_id, provider, outcome)
);

-- The provider's own code of an error, such as an errcode of WeChat.
alter table login_attempts add column provider_code text collate "C";

-- Providers that are set up and yet not offered; city_id '' is the whole Federation.
create table provider_switches (
    city_id  text collate "C" not null,
    provider text collate "C" not null,
    off_at   bigint not null,
    primary key (city_id, provider)
);

-- Somebody is looked for by a name whose provider and app nobody knows.
create index identity_keys_by_value on identity_keys (value);
