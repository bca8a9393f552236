-- Who is told of a sign-in, and how: both ends of it, and the link that ends its session. And the code that the person
-- types, in cities that want one.

-- Who finished an attempt, beside who started it; null until then.
alter table login_attempts add column finisher_network text;
alter table login_attempts add column finisher_agent text;
-- Whether that was the browser or the network that started.
alter table login_attempts add column finisher_same bigint check (finisher_same in (0, 1));

-- Whether somebody else than the collector finished the sign-in, as with a QR code.
alter table sessions add column cross_device bigint not null default 0 check (cross_device in (0, 1));
-- The browser that went back to the product, where that is not what the session was collected with, such as a product's
-- own server.
alter table sessions add column device_network text;
alter table sessions add column device_agent text;
-- Digest of the mailed token that ends the session.
alter table sessions add column ending bytea check (length(ending) = 32);
create unique index sessions_by_ending on sessions (ending) where ending is not null;

-- Whether the person types a code to confirm. Only with `always`, which is what a city without codes would have.
alter table cities add column confirm_code bigint not null default 0 check (confirm_code in (0, 1));
-- How often a code was typed; null where none is asked for.
alter table login_attempts add column code_tries bigint;
