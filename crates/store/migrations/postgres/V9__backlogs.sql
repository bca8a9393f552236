-- What a large backlog of deliveries, or a large table, must not slow down.

-- Mails do not stand in line behind deliveries that wait for a dead receiver.
drop index outbox_due;
create index outbox_mails on outbox (next_at) where kind = 'mail' and state = 'waiting';
-- Whether a delivery still waits for an event that could be forgotten.
create index outbox_by_event on outbox (event_id) where state = 'waiting' and event_id is not null;

-- What removing or merging a user looks for.
create index mail_tokens_by_user on mail_tokens (user_id) where user_id is not null;
create index login_attempts_by_user on login_attempts (user_id) where user_id is not null;
create index login_attempts_by_link on login_attempts (link_user_id) where link_user_id is not null;
