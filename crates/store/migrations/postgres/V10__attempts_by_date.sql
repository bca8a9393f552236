-- Starting a sign-in writes to one place: attempts are found by the date that is in their ids and states
-- (docs/decisions/0041-attempts-are-found-by-their-date.md).

alter table login_attempts drop constraint login_attempts_state_key;
drop index login_attempts_by_expiry;
-- What is erased when nobody has confirmed it in time.
create index login_attempts_held on login_attempts (expires_at) where sealed_identity is not null;
