-- Refresh tokens: one row for each session, about the token that is good now. Earlier ones are known by their
-- number, so used_at is when the one before was used, and used_by the network it was used from.
alter table refresh_tokens add column used_by text collate "C";

-- When a signing key begins to sign: it is published before, so that whoever checks tokens offline knows it by then.
alter table signing_keys add column starts_at bigint not null default 0;

-- Which cities a webhook listens to, as JSON array of text; empty: all.
alter table webhooks add column cities text collate "C" not null default '[]';
-- Since when every delivery has failed; null while they arrive.
alter table webhooks add column failing_since bigint;
-- When it was switched off because they had failed for too long.
alter table webhooks add column disabled_at bigint;
-- How many rounds of deliveries have failed since the last that arrived, and when the next one may be tried.
alter table webhooks add column failures bigint not null default 0;
alter table webhooks add column retry_at bigint not null default 0;
create index outbox_deliveries on outbox (target, next_at) where kind = 'webhook' and state = 'waiting';
