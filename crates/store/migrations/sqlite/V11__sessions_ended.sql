-- What a user's sign-ins must have begun after (docs/decisions/0042-what-ends-sessions-ends-sign-ins-under-way.md).

alter table users add column sessions_ended_at integer; -- when all their sessions, or all but one, were last ended
