/** Generated from docs/openapi.json by `npm run generate`. Not edited by hand. */

export interface paths {
    "/.well-known/downcity.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a client finds what it needs. */
        get: operations["about"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys of `user_token`, as a JWK set (RFC 7517). */
        get: operations["jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the Federation can serve: its database answers and, where it is PostgreSQL, is not read-only; and this node is
         *     not about to stop.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last sign-in attempts, newest first, with what became of each and why. They are remembered for a day. */
        get: operations["accounts_attempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Removes the bearer's account, at once or after the operator's time to come back. Needs a sign-in of the last
         *     five minutes. Every session ends now; signing in before `delete_at` keeps the account.
         */
        post: operations["accounts_delete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mails a link to a new address of a user who signed in a moment ago; the account moves there when it is
         *     confirmed. The answer is the same when somebody else has that address.
         */
        post: operations["accounts_email_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/change/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Moves an account to the address that the link was mailed to. Signs nobody in. */
        post: operations["accounts_email_change_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Verifies the address. Signs nobody in: the link may have been opened on another device. */
        post: operations["accounts_email_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/end-session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session that the link was mailed about. Who opens it need not be signed in. */
        post: operations["accounts_email_end_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/enter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finishes a sign-in with the mailed link, in the browser that started it, or in any where it goes on to
         *     a site of the product.
         */
        post: operations["accounts_email_enter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with the mailed code, typed where the sign-in was started. Five wrong codes end the tries. */
        post: operations["accounts_email_finish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Asks the person to confirm what the mailed link is for. Opening it changes nothing. */
        get: operations["accounts_email_open"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets a new password. */
        post: operations["accounts_email_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/email/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mails a code and a link to sign in with. Answer and time are the same for every address; a new one becomes an
         *     account when its owner signs in.
         */
        post: operations["accounts_email_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened, newest first. */
        get: operations["accounts_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything held about the bearer. */
        get: operations["accounts_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The bearer's ways in, oldest first. */
        get: operations["accounts_identities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/identities/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Starts a sign-in that links a provider to the bearer's account. Needs a sign-in of the last five minutes.
         *     The outcome is told by `oauth/result`: `done` with a fresh token of the same user, or `failed`, with
         *     `identity_taken` when the identity is somebody else's.
         */
        post: operations["accounts_identities_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/identities/unlink": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a way in up, never the last one. Needs a sign-in of the last five minutes. Sessions that began with its
         *     provider end.
         */
        post: operations["accounts_identities_unlink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/local/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in the local person of that name, without a provider. For development: only with
         *     `fed serve --allow-local-login`, and only from the same machine.
         */
        post: operations["accounts_local_login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with address and password. Wrong password and unknown address are told apart by nobody. */
        post: operations["accounts_login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/login/continue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the next step with what the person typed. */
        post: operations["accounts_login_continue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/login/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The outcome of a sign-in in steps, as `oauth/result` tells it. */
        get: operations["accounts_login_result"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/login/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a sign-in in steps: sends the browser to the provider, or says what to ask the person for. */
        post: operations["accounts_login_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session: the same token is refused from then on, on every node. */
        post: operations["accounts_logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who the bearer is. */
        get: operations["accounts_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/oauth/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where a provider sends the browser. Always answers with a redirect to an address without code and state:
         *     the page about the outcome, or the product's `return_to`.
         */
        get: operations["accounts_oauth_callback"];
        put?: never;
        /**
         * Takes the answer of an issuer that posts it, and sends the browser on to the same address by GET, with which it sends
         *     its cookies. Code and state can't be read there.
         */
        post: operations["accounts_oauth_callback_posted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/oauth/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the person's answer and shows the outcome. Only the browser that finished can answer, once. */
        post: operations["accounts_oauth_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/oauth/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The outcome of a sign-in as server-sent events: one `result` event, then the stream ends. If it ends without one,
         *     something came between, such as that the node was stopped: connect again, as an `EventSource` does by itself; what is wrong
         *     with the request, or can't be done now, is told by the status then.
         */
        get: operations["accounts_oauth_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/oauth/outcome": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page about the outcome: what happened and what to do next. Looking changes nothing. */
        get: operations["accounts_oauth_outcome"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/oauth/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The outcome of a sign-in: pending, done with the token (handed out once), or failed. */
        get: operations["accounts_oauth_result"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/oauth/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a sign-in. Everything that can be wrong is told before anybody scans anything. */
        post: operations["accounts_oauth_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/password/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the password of a signed-in user who knows the old one. Their other sessions end. */
        post: operations["accounts_password_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/password/forgot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Mails a link for a new password. The answer is the same whether the address has an account or not. */
        post: operations["accounts_password_forgot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets a new password with the mailed token. Every session ends; nobody is signed in by it. */
        post: operations["accounts_password_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/profile/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Edits the bearer's profile. */
        post: operations["accounts_profile_update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ways to sign in that can really be used now, in a city. */
        get: operations["accounts_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Registers with an address and a password: a mail with a link follows. The answer is the same whether the
         *     address has an account or not.
         */
        post: operations["accounts_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sessions of everybody, newest first. */
        get: operations["accounts_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/sessions/admin-revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a session, whoever's it is. */
        post: operations["accounts_sessions_admin_revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/sessions/mine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the bearer is signed in, newest first. */
        get: operations["accounts_sessions_mine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/sessions/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends one of the bearer's sessions, effective at once. */
        post: operations["accounts_sessions_revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/sessions/revoke-others": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends all of the bearer's sessions but this one. */
        post: operations["accounts_sessions_revoke_others"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/token/introspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a token is worth at this moment (RFC 7662): a user_token or a refresh token. For one that would be refused,
         *     whatever the reason, the answer is `active: false` and nothing else. Looking does not use a refresh token up.
         */
        post: operations["accounts_token_introspect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/token/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives the next user_token and the next refresh token for a refresh token, which is good once: one that comes
         *     again ends its session, in whoever's hands it is. Only for a lost answer the same network may ask again within
         *     ten seconds, and gets the same answer. Send no bearer: the user_token may be over.
         */
        post: operations["accounts_token_refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Users, newest first. */
        get: operations["accounts_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/users/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Removes a user for good, at once. */
        post: operations["accounts_users_delete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/users/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shuts a user out on every way in. Their sessions end at once. */
        post: operations["accounts_users_disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/users/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a user in again. */
        post: operations["accounts_users_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/users/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes two users one: the ways in of `from` move to `into`, and `from` goes. With `preview` it only tells what
         *     would move.
         */
        post: operations["accounts_users_merge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/users/one": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One user: profile, ways in, sessions, latest events. */
        get: operations["accounts_users_one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/verify-email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Verifies an address with the mailed token, makes the account, and signs it in. */
        post: operations["accounts_verify_email"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin-keys/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an admin key. The key itself is in this answer and nowhere else. */
        post: operations["admin_keys_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin-keys/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The admin keys, newest first, also those that are good no more. The keys themselves are stored nowhere. */
        get: operations["admin_keys_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin-keys/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes an admin key away, effective at once on every node. The last owner's key that lasts stays. */
        post: operations["admin_keys_revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin-keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives an admin key another secret, which is in this answer and nowhere else. The one before opens nothing from
         *     now on.
         */
        post: operations["admin_keys_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin-keys/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The sessions of the web workspace that are good now, newest first. */
        get: operations["admin_keys_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin-keys/sessions/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a session of the web workspace, at once on every node. */
        post: operations["admin_keys_sessions_end"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a file: one entry a line, each a JSON object as in the list. */
        get: operations["audit_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What admins did, newest first: who, when, from where, and what stood there before and after. */
        get: operations["audit_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Activates a paused city. */
        post: operations["cities_activate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates a city. */
        post: operations["cities_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/env/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is set for cities in place of the Federation's. No value of a secret is in it. */
        get: operations["cities_env_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/env/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Removes one value of a city, effective at once: the Federation's counts again. */
        post: operations["cities_env_remove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/env/upsert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sets one value for a city in place of the Federation's, effective at once. A WeChat app of its own counts when
         *     both its settings are there.
         */
        post: operations["cities_env_upsert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All cities, newest first. */
        get: operations["cities_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pauses a city: it starts no sign-in and accepts no token. */
        post: operations["cities_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Removes a city with its sessions. Its users stay: they belong to the Federation. */
        post: operations["cities_remove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/tokens/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Issues a `user_token` by hand, also for a product's own user ids. */
        post: operations["cities_tokens_apply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cities/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes a city's settings, effective at once. */
        post: operations["cities_update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/catalog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What each service can use, and what of it is set. */
        get: operations["env_catalog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets what a `.env` text says, all or nothing. */
        post: operations["env_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is set. No value of a secret is in it. */
        get: operations["env_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads the env from the database again. */
        post: operations["env_refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Removes one value, effective at once. */
        post: operations["env_remove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/upsert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets one value, effective at once. */
        post: operations["env_upsert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that the Federation holds, as it stands at this moment, for `fed restore`: one JSON value a line, the
         *     last with a checksum, so that an answer that was cut off is noticed. Secrets in it stay sealed under the master
         *     key, which is not in it; people's names and addresses are in clear.
         */
        get: operations["federation_backup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Looks the Federation over: the providers, the public address, the database, the keys, mail and webhooks. Nobody is
         *     signed in, no mail and no event is sent, no setting changed. There is one run at a time, and a report of the last
         *     five seconds is told again; an answer can take some 30 seconds. Texts are in the language of `Accept-Language`.
         */
        get: operations["federation_doctor"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/echo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tells the doctor of this very Federation how a request of its own arrived, over the public address and whatever
         *     proxies stand before it. Nobody else has a ticket.
         */
        get: operations["federation_echo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/instruction": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this Federation offers and what is still to be configured, as text for operators. */
        get: operations["federation_instruction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/keys/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The keys that tokens are signed with, newest first. The keys themselves are told to nobody. */
        get: operations["federation_keys_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/keys/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes a signing key out at once, for an emergency: its tokens are refused from now on, and everybody who holds
         *     one signs in again or refreshes. Who checks tokens offline notices within five minutes. Another key signs at once.
         */
        post: operations["federation_keys_revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes the next signing key. It is published now and signs in six minutes, when everybody who checks tokens
         *     offline knows it; the one before goes on checking until its last token is over. While a key is on its way, the
         *     call makes no other.
         */
        post: operations["federation_keys_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/master-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which master key the database needs, whether a next one is there, and how much is still to be sealed anew. */
        get: operations["federation_master_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/master-key/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Changes the master key to the next one in its source, where it has to be on every node before. All data keys are
         *     wrapped under it at once; with a fresh data key everything sealed is sealed anew in the background, while the
         *     Federation serves. The database needs the next key from now on.
         */
        post: operations["federation_master_key_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/federation/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How sign-ins go, whether each provider is well, and what needs attention. */
        get: operations["federation_overview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switches a way to sign in off, in a city or everywhere, at once on every node. Sign-ins under way may finish. */
        post: operations["providers_disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes such a switch back. What is off everywhere stays off in each city. */
        post: operations["providers_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every way to sign in, usable or not: what each still lacks, and what to register at the provider. */
        get: operations["providers_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The services of the Federation; what they need is told to admins alone. */
        get: operations["services"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a server told of events (Standard Webhooks 1.0). The signing secret is in this answer and nowhere else. */
        post: operations["webhooks_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What became of a webhook's deliveries, newest first. What arrived or was given up is remembered for 30 days. */
        get: operations["webhooks_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Switches a webhook on again that was switched off since nothing arrived for three days. What it missed is not
         *     sent by that; see `replay`.
         */
        post: operations["webhooks_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All webhooks, newest first. */
        get: operations["webhooks_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Removes a webhook, with what waits for it. */
        post: operations["webhooks_remove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends events again: one, also when it arrived, or all since a time that the webhook listens to and that have not
         *     arrived, the oldest 10000 at a time.
         */
        post: operations["webhooks_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a webhook an event of the type `webhook.test`, whatever it listens to. */
        post: operations["webhooks_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Where a client finds what it needs. */
        About: {
            /** @description The callback URL to register with providers. */
            callback_uri: string;
            /** @description The `iss` of every `user_token`. */
            issuer: string;
            jwks_uri: string;
            openapi_uri: string;
            version: string;
        };
        /** @description An admin key, without the key. */
        AdminKey: {
            /** @description The only city it is for. */
            city_id: string | null;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at: string | null;
            key_id: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            last_used_at: string | null;
            /** @description Who holds it, or what it is for. */
            name: string;
            /** Format: date-time */
            revoked_at: string | null;
            /**
             * @description `viewer`: looks; `operator`: also changes settings, cities, people, webhooks; `owner`: also keeps the keys.
             * @example operator
             */
            role: string;
            /**
             * @description `active`, `expired` or `revoked`.
             * @example active
             */
            status: string;
        };
        /** @description A new admin key. Keep it: it is told this once. */
        AdminKeyCreated: components["schemas"]["AdminKey"] & {
            /**
             * @description The key itself, for `Authorization: Bearer`.
             * @example ak_…
             */
            admin_key: string;
        };
        /** @description An admin key to be made. */
        AdminKeyCreateRequest: {
            /** @description The only city it is for; of the whole Federation when absent. */
            city_id?: string | null;
            /** @description Who holds it, or what it is for: at most 80 characters. */
            name: string;
            /**
             * @description `viewer`, `operator` or `owner`.
             * @example operator
             */
            role: string;
            /**
             * @description When it ends by itself: seconds, or `30m`, `12h`, `90d`, at most 366 days. It lasts when absent.
             * @example 90d
             */
            ttl?: string | null;
        };
        /** @description The admin keys, newest first, also those that are good no more. */
        AdminKeyList: {
            items: components["schemas"]["AdminKey"][];
        };
        /** @description Names an admin key. */
        AdminKeyRequest: {
            /** @description Its id, from `admin-keys/list`. */
            key_id: string;
        };
        /** @description The new secret of an admin key. Keep it: it is told this once. */
        AdminKeyRotated: {
            /**
             * @description The key itself, for `Authorization: Bearer`.
             * @example ak_…
             */
            admin_key: string;
            key_id: string;
        };
        /** @description A session of the web workspace, without its cookie. */
        AdminSession: {
            /** @description The `User-Agent` it was begun with; text from outside. */
            agent: string;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends at the latest.
             */
            expires_at: string;
            /** @description The key that it began with, and is worth no more than. */
            key_id: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            last_seen_at: string;
            /** @description The network address it was begun from; an IPv6 address by its /64. */
            network: string;
            session_id: string;
        };
        /** @description The sessions of the web workspace that are good now, newest first. */
        AdminSessionList: {
            items: components["schemas"]["AdminSession"][];
        };
        /** @description Names a session of the web workspace. */
        AdminSessionRequest: {
            /** @description Its id, from `admin-keys/sessions`. */
            session_id: string;
        };
        /**
         * @description Yes or no.
         * @enum {string}
         */
        Answer: "allow" | "deny";
        /** @description One sign-in attempt. Nothing in it helps to finish it. */
        AttemptItem: {
            /** @description The `User-Agent` it was started with; text from outside. */
            agent: string;
            attempt_id: string;
            city_id: string;
            /**
             * Format: date-time
             * @description When the token was collected.
             */
            collected_at: string | null;
            /**
             * Format: date-time
             * @description When it was settled.
             */
            ended_at: string | null;
            /** @description The code of the failure, as the product was told. */
            failure: string | null;
            /** @description Whether it is to link a provider to somebody who is signed in. */
            linking: boolean;
            /** @description The network address it was started from; an IPv6 address by its /64. */
            network: string;
            /** @description The provider's id. */
            provider: string;
            /** @description The provider's own code, such as an errcode of WeChat. */
            provider_code: string | null;
            reason: components["schemas"]["Both"] | null;
            remedy: components["schemas"]["Both"] | null;
            /**
             * Format: date-time
             * @description When somebody came back.
             */
            returned_at: string | null;
            /** Format: date-time */
            started_at: string;
            /**
             * @description `waiting`: started, nobody came back yet; `exchanging`: came back, the provider is being asked; `confirming`:
             *     the person is being asked; `done`; `failed`; `expired`: came back and was not confirmed in time;
             *     `not_returned`: nobody came back in time.
             */
            status: string;
            /** @description Who signed in. */
            user_id: string | null;
        };
        /** @description The last sign-in attempts, newest first. They are remembered for a day. */
        AttemptList: {
            items: components["schemas"]["AttemptItem"][];
            /** @description What to send as `cursor` for the next page; null on the last one. */
            next: string | null;
        };
        /** @description Something that needs attention. */
        AttentionItem: {
            /** @description The city it is about, if it is about one alone. */
            city_id: string | null;
            /**
             * @description What kind of thing; stable.
             * @example callback_domain
             */
            id: string;
            /** @description The provider it is about. */
            provider: string | null;
            /** @description What to do. */
            remedy: components["schemas"]["Both"];
            /** @description `error`: people can't sign in; `warning`: some can't, or soon nobody can; `info`. */
            severity: string;
            /** @description What was seen and what it probably means. */
            text: components["schemas"]["Both"];
        };
        /** @description One thing that an admin did. */
        AuditItem: {
            /**
             * @description What was done: noun and verb.
             * @example env.set
             */
            action: string;
            /** @description What stood there afterwards; the same. */
            after: unknown;
            /** Format: date-time */
            at: string;
            audit_id: string;
            /** @description What stood there before; of secrets only what lists show, too. */
            before: unknown;
            /** @description The one city it is about. */
            city_id: string | null;
            /** @description The admin key it was done with; `local` for a command on the machine itself. */
            key_id: string;
            /** @description What the key was called then, or the command. */
            key_name: string;
            /** @description Where it was done from; an IPv6 address by its /64. Null on the machine itself. */
            network: string | null;
            /** @description What it was done to: the name of a setting, an id. */
            subject: string;
            /**
             * @description `api`, `workspace` or `machine`.
             * @example workspace
             */
            via: string;
        };
        /** @description What admins did, newest first. */
        AuditList: {
            items: components["schemas"]["AuditItem"][];
            /** @description What to ask the next page with; null on the last one. */
            next: string | null;
        };
        /** @description A text in both languages. */
        Both: {
            /** @description In English. */
            en: string;
            /** @description In Chinese. */
            zh: string;
        };
        /** @description An address that a provider sends people back to. */
        CallbackItem: {
            /** @description Its host alone: the authorized callback domain (授权回调域) of WeChat's console. */
            domain: string;
            /** @description The whole address, to register at GitHub, Google and other issuers. */
            url: string;
        };
        /** @description One product (tenant) inside the Federation. */
        City: {
            /** @description Origins whose pages may call the API from a browser. */
            allowed_origins: string[];
            /**
             * @description Addresses a sign-in may return to, matched exactly; besides `/downcity` on `http://127.0.0.1` and `http://[::1]`, which
             *     are always allowed.
             */
            allowed_redirects: string[];
            city_id: string;
            confirm: components["schemas"]["Confirm"];
            /** Format: date-time */
            created_at: string;
            /** @description The name people see on the confirmation page. */
            name: string;
            status: components["schemas"]["CityStatus"];
            /** Format: date-time */
            updated_at: string;
        };
        /** @description Creates a city. */
        CityCreateRequest: {
            allowed_origins?: string[] | null;
            allowed_redirects?: string[] | null;
            /** @description Its id; a random one when absent. */
            city_id?: string | null;
            /** @description `code`, `always`, `auto` or `never`. */
            confirm?: string | null;
            /** @description The name people see, at most 80 characters. */
            name: string;
        };
        /** @description One setting of a city. */
        CityEnvItem: {
            city_id: string;
            /** @example WECHAT_CLIENT_ID */
            key: string;
            secret: boolean;
            /** @description Where it comes from: always `city`. */
            source: string;
            /** Format: date-time */
            updated_at: string;
            /** @description Null for a secret. */
            value: string | null;
            /** @description The value, or for a long secret its last four characters. */
            value_preview: string;
        };
        /** @description What is set for cities in place of the Federation's. The value of a secret is never in it. */
        CityEnvList: {
            items: components["schemas"]["CityEnvItem"][];
        };
        /** @description Names a setting of a city. */
        CityEnvRemoveRequest: {
            city_id: string;
            key: string;
        };
        /** @description Sets one value of a city. */
        CityEnvUpsertRequest: {
            city_id: string;
            /** @description `WECHAT_CLIENT_ID` or `WECHAT_CLIENT_SECRET`. */
            key: string;
            /** @description At most 8192 bytes; white space around it is dropped. */
            value: string;
        };
        /** @description All cities, newest first. */
        CityList: {
            items: components["schemas"]["City"][];
        };
        /** @description Names a city. */
        CityRequest: {
            city_id: string;
        };
        /**
         * @description Whether a city takes sign-ins and its tokens are accepted.
         * @enum {string}
         */
        CityStatus: "active" | "paused";
        /** @description Changes a city; absent fields stay as they are. */
        CityUpdateRequest: {
            allowed_origins?: string[] | null;
            allowed_redirects?: string[] | null;
            city_id: string;
            /** @description `code`, `always`, `auto` or `never`. */
            confirm?: string | null;
            name?: string | null;
        };
        /**
         * @description When the person is asked whether the waiting client is theirs.
         * @enum {string}
         */
        Confirm: "code" | "always" | "auto" | "never";
        /** @description The person's answer on the confirmation page. */
        ConfirmForm: {
            /** @description The attempt. */
            attempt: string;
            /** @description `allow` or `deny`. */
            decision: components["schemas"]["Answer"];
            /** @description What the form carries against forged requests. */
            form_token: string;
            /** @description The code that the person typed, where one is asked for. */
            user_code?: string;
        };
        /** @description When an account is gone. */
        DeleteAnswer: {
            /**
             * Format: date-time
             * @description When the account is gone for good: now, or later; until then signing in keeps it.
             */
            delete_at: string;
            /** @description Always true. */
            success: boolean;
        };
        /** @description Removes one's own account. */
        DeleteRequest: {
            /** @description Clients add their city to every POST; another city than the token's is refused. */
            city_id?: string | null;
            /** @description The bearer's own id, to show that this account is meant. */
            user_id: string;
        };
        /** @description What became of telling one webhook of one event. */
        DeliveryItem: {
            /**
             * Format: date-time
             * @description When the event happened.
             */
            created_at: string;
            delivery_id: string;
            /**
             * Format: date-time
             * @description When it arrived or was given up.
             */
            ended_at: string | null;
            /** @description The event, and the `webhook-id` it is sent with. */
            event_id: string;
            /** @description Why the last try failed. */
            last_error: string | null;
            /**
             * Format: date-time
             * @description When it is tried next, while it waits.
             */
            next_at: string | null;
            /** @description `waiting`, `sent` or `given_up`. */
            status: string;
            /**
             * Format: int64
             * @description How often it was tried.
             */
            tries: number;
            /** @description The kind of event; null when that is forgotten. */
            type: string | null;
        };
        /** @description A page of deliveries. */
        DeliveryList: {
            items: components["schemas"]["DeliveryItem"][];
            /** @description What to ask the next page with; null on the last one. */
            next: string | null;
        };
        /** @description A browser at the end of a sign-in. */
        Device: {
            /** @description Its `User-Agent`; text from outside. */
            agent: string;
            /** @description Its network address; an IPv6 address by its /64. */
            network: string;
        };
        /** @description What one check found. */
        DoctorFinding: {
            /** @description Which one, where a check looks at several: a city, a webhook, a further public address. */
            about: string | null;
            /**
             * @description The check: its group and name.
             * @example wechat.credentials
             */
            check: string;
            /**
             * @description What was found, as a stable word for programs.
             * @example secret_wrong
             */
            code: string;
            /** @description What was seen. */
            evidence: string;
            /** @description What to do about it. */
            remedy: string | null;
            /** @description What the check looks at. */
            title: string;
            /** @description How it ended. */
            verdict: components["schemas"]["DoctorVerdict"];
        };
        /** @description What was found. */
        DoctorReport: {
            /**
             * Format: date-time
             * @description When it was looked.
             */
            checked_at: string;
            /** @description One for each check. */
            items: components["schemas"]["DoctorFinding"][];
            /**
             * Format: int64
             * @description For how long, in milliseconds.
             */
            took_ms: number;
            /** @description The worst of the verdicts. */
            verdict: components["schemas"]["DoctorVerdict"];
        };
        /**
         * @description How a check ended.
         * @enum {string}
         */
        DoctorVerdict: "skipped" | "ok" | "warning" | "failed";
        /** @description How a request with a ticket arrived. */
        Echo: {
            /** @description Whether that is a proxy which is believed. */
            from_trusted_proxy: boolean;
            /** @description The host that it named. */
            host: string | null;
            /** @description Whether it has an `X-Forwarded-For`. */
            names_sender: boolean;
            /** @description The network that it seems to come from. */
            network: string;
            /** @description The address that the connection comes from. */
            peer: string;
            /** @description What only this Federation can answer to the ticket. */
            proof: string;
        };
        /** @description Moves the account to another address. */
        EmailChangeRequest: {
            /** @description The city of the token, if named. */
            city_id?: string | null;
            /**
             * @description The new address. A mail with a link goes there.
             * @example lilei@example.com
             */
            email: string;
        };
        /** @description Signs in with the mailed code. */
        EmailFinishRequest: {
            /** @description The city of the token, if named. */
            city_id?: string | null;
            /**
             * @description The code from the mail, with or without the space.
             * @example 1234 5678
             */
            code: string;
            /** @description The PKCE verifier, if the start had a challenge. */
            code_verifier?: string | null;
            /** @description From `email/start`. */
            login_id: string;
        };
        /** @description A mail is on its way, if the address takes one. */
        EmailStartAnswer: {
            /**
             * Format: date-time
             * @description When the sign-in runs out (RFC 3339).
             */
            expires_at: string;
            /**
             * Format: int32
             * @description How often to ask `login/result`, in seconds, without `wait`.
             */
            interval: number;
            /** @description What to send with the code, and what `login/result` takes. A secret of the client that started. */
            login_id: string;
        };
        /** @description Asks for a mail with a code and a link to sign in with. */
        EmailStartRequest: {
            /** @description The city; `city_downcity` when absent. */
            city_id?: string | null;
            /** @description BASE64URL(SHA256(code_verifier)) (RFC 7636). */
            code_challenge?: string | null;
            /** @description `S256`, the only method. */
            code_challenge_method?: string | null;
            /** @example lilei@example.com */
            email: string;
            /** @description `zh` or `en`: the language of the mail. */
            lang?: string | null;
            /** @description `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next. */
            refresh?: boolean | null;
            /**
             * @description Where the browser that opens the link goes; must be in the city's `allowed_redirects`. Without it the link
             *     works only in the browser that started.
             */
            return_to?: string | null;
        };
        /** @description A call without input. */
        EmptyRequest: {
            /** @description Clients add their city to every POST; another city than the token's is refused. */
            city_id?: string | null;
        };
        /** @description What each service can use. */
        EnvCatalog: {
            items: components["schemas"]["EnvCatalogService"][];
        };
        /** @description One setting that a service can use. */
        EnvCatalogItem: {
            configured: boolean;
            description: string;
            key: string;
            required: boolean;
            value_preview: string | null;
        };
        /** @description One service and its settings. */
        EnvCatalogService: {
            env: components["schemas"]["EnvCatalogItem"][];
            id: string;
            name: string;
        };
        /** @description How many settings there are. */
        EnvCount: {
            count: number;
            success: boolean;
        };
        /** @description What an import set. */
        EnvImportAnswer: {
            count: number;
            keys: string[];
            success: boolean;
            /** @description What looks wrong; the values were stored all the same. */
            warnings?: components["schemas"]["EnvWarning"][];
        };
        /** @description A `.env` text: comments, `export` and quotes are understood; nothing is substituted. */
        EnvImportRequest: {
            raw: string;
        };
        /** @description One setting. */
        EnvItem: {
            /** @example WECHAT_CLIENT_ID */
            key: string;
            secret: boolean;
            /** @description Where it comes from: always `federation`. */
            source: string;
            /** Format: date-time */
            updated_at: string;
            /** @description Null for a secret. */
            value: string | null;
            /** @description The value, or for a long secret its last four characters. */
            value_preview: string;
        };
        /** @description What is set. The value of a secret is never in it. */
        EnvList: {
            items: components["schemas"]["EnvItem"][];
        };
        /** @description Names a setting. */
        EnvRemoveRequest: {
            key: string;
        };
        /** @description A stored value. */
        EnvUpsertAnswer: {
            key: string;
            success: boolean;
            /** @description What looks wrong about the value; it was stored all the same. */
            warning?: string | null;
        };
        /** @description Sets one value. */
        EnvUpsertRequest: {
            /** @description 1 to 64 characters of A-Z, 0-9 and `_`. */
            key: string;
            /** @description At most 8192 bytes; white space around it is dropped. */
            value: string;
        };
        /** @description A value that looks wrong. */
        EnvWarning: {
            key: string;
            warning: string;
        };
        /** @description The body of every error. */
        ErrorBody: {
            /** @description A stable code for programs. */
            code: components["schemas"]["ErrorCode"];
            details?: components["schemas"]["ErrorDetails"] | null;
            /** @description A sentence for a person, in the language of `Accept-Language`. */
            error: string;
            /** @description Names the request in the server's log. */
            request_id: string;
        };
        /**
         * @description Every error code of the API. They are stable.
         * @enum {string}
         */
        ErrorCode: "bad_json" | "invalid_field" | "state_required" | "unknown_provider" | "provider_not_configured" | "provider_has_no_page" | "provider_disabled" | "unknown_city" | "city_paused" | "city_taken" | "city_permanent" | "city_mismatch" | "origin_not_allowed" | "unknown_login" | "login_expired" | "already_collected" | "code_verifier_required" | "code_verifier_wrong" | "login_code_required" | "login_code_wrong" | "other_client" | "cannot_confirm" | "wrong_credentials" | "wrong_code" | "other_browser" | "local_only" | "spent_token" | "invalid_refresh_token" | "authentication_required" | "invalid_token" | "admin_only" | "role_too_weak" | "owner_only" | "city_key" | "unknown_admin_key" | "last_owner" | "too_many_admin_keys" | "form_not_ours" | "user_only" | "user_disabled" | "reauthentication_required" | "unknown_user" | "unknown_session" | "unknown_identity" | "last_identity" | "merge_disabled" | "unknown_webhook" | "unknown_event" | "webhook_disabled" | "too_many_webhooks" | "unknown_key" | "no_next_master_key" | "master_key_elsewhere" | "unknown_ticket" | "unknown_setting" | "unknown_route" | "wrong_method" | "body_too_large" | "unsupported_media_type" | "too_many_tries" | "provider_unavailable" | "overloaded" | "stopping" | "body_too_slow" | "unavailable" | "internal";
        /** @description The field at fault. */
        ErrorDetails: {
            /** @description Its name on the wire. */
            field: string;
        };
        /** @description Something that happened. */
        EventItem: {
            /** @description `user`, `admin:<key id>` or `system`. */
            actor: string;
            city_id: string | null;
            /** Format: date-time */
            created_at: string;
            /** @description More about it, by kind. */
            detail: Record<string, never>;
            /** @description Later events have greater ids. */
            event_id: string;
            network: string | null;
            /** @description What happened, such as `user.signed_in`. */
            type: string;
            user_id: string | null;
        };
        /** @description A page of events, newest first. */
        EventList: {
            items: components["schemas"]["EventItem"][];
            /** @description What to ask the next page with; null on the last one. */
            next: string | null;
        };
        /** @description Everything held about the bearer. */
        Export: {
            /** @description What happened, newest first. */
            events: components["schemas"]["EventItem"][];
            /** Format: date-time */
            exported_at: string;
            identities: components["schemas"]["ExportIdentity"][];
            /** @description Mails to one's addresses, without what was in them: that is not kept. */
            mails: components["schemas"]["ExportMail"][];
            sessions: components["schemas"]["SessionItem"][];
            user: components["schemas"]["ExportUser"];
        };
        /** @description A way in with its names at the provider. */
        ExportIdentity: {
            /** Format: date-time */
            created_at: string;
            identity_id: string;
            /** Format: date-time */
            last_used_at: string;
            names: components["schemas"]["ExportName"][];
            provider: string;
        };
        /** @description A mail. */
        ExportMail: {
            address: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            ended_at: string | null;
            /** @description `waiting`, `sent` or `given_up`. */
            state: string;
        };
        /** @description A name at a provider. */
        ExportName: {
            /** @description `unionid`, `openid` or `sub`. */
            kind: string;
            /** @description Inside what it is unique: an app, an issuer, or nothing. */
            scope: string;
            value: string;
        };
        /** @description The user. */
        ExportUser: {
            avatar_url: string | null;
            bio: string | null;
            /** Format: date-time */
            created_at: string;
            display_name: string | null;
            email: string | null;
            locale: string | null;
            /**
             * Format: date-time
             * @description When the password was last changed; the password itself is not known here.
             */
            password_changed_at: string | null;
            user_id: string;
        };
        /**
         * @description Why a sign-in ended without a token. The codes are stable.
         * @enum {string}
         */
        FailureCode: "access_denied" | "login_cancelled" | "user_code_wrong" | "code_rejected" | "provider_misconfigured" | "wrong_app_type" | "provider_busy" | "provider_unavailable" | "provider_answer_refused" | "account_restricted" | "consent_missing" | "identity_taken" | "link_ended" | "sign_in_revoked" | "user_disabled" | "city_unavailable" | "provider_changed" | "login_interrupted";
        /** @description Whether the process answers, or can serve. */
        Health: {
            /** @example ok */
            status: string;
            version: string;
        };
        /** @description How a provider does. */
        HealthItem: {
            /** @description The last 24 hours. */
            last_day: components["schemas"]["TallyItem"];
            /**
             * Format: date-time
             * @description The last time that it failed somebody.
             */
            last_failure_at: string | null;
            /** @description This hour and the one before. */
            last_hour: components["schemas"]["TallyItem"];
            /**
             * Format: date-time
             * @description The last time that somebody signed in with it; beyond a day, to the hour.
             */
            last_success_at: string | null;
            provider: components["schemas"]["ProviderCardItem"];
        };
        /** @description One way in. */
        IdentityItem: {
            /**
             * Format: date-time
             * @description When it was linked.
             */
            created_at: string;
            /** @description The address, where the way in is one. */
            email: string | null;
            identity_id: string;
            /** @description The provider's name, in the language of `Accept-Language`. */
            label: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            last_used_at: string;
            /** @description The provider's id. */
            provider: string;
        };
        /** @description The bearer's ways in, oldest first. */
        IdentityList: {
            items: components["schemas"]["IdentityItem"][];
        };
        /** @description What a token is worth (RFC 7662 §2.2). Of one that is not active nothing else is told. */
        IntrospectAnswer: {
            /** @description Whether it would be accepted now. */
            active: boolean;
            /** @description Whom a user_token is for: `downcity:user`. */
            aud?: string | null;
            /** @description The city it is good for. */
            city_id?: string | null;
            /**
             * Format: int64
             * @description When it ends, in seconds since 1970.
             */
            exp?: number | null;
            /**
             * Format: int64
             * @description When a user_token was issued, in seconds since 1970.
             */
            iat?: number | null;
            /** @description The Federation's public URL. */
            iss?: string | null;
            /** @description The id of a user_token. */
            jti?: string | null;
            /** @description What the product attached to a token issued by hand. */
            metadata?: Record<string, never> | null;
            /** @description How they signed in: a provider's id, or `token` when an admin issued it. */
            provider?: string | null;
            /** @description The session it stands on. */
            session_id?: string | null;
            /** @description The user's id. */
            sub?: string | null;
            /** @description `Bearer` for a user_token, `refresh_token` for a refresh token. */
            token_type?: string | null;
            /** @description The same as `sub`. */
            user_id?: string | null;
        };
        /** @description Asks what a token is worth. */
        IntrospectRequest: {
            /** @description A user_token; a refresh token where `token_type_hint` says so. */
            token: string;
            /**
             * @description `refresh_token` for a refresh token, which is not active otherwise: nobody may take one for a sign-in. Anything else
             *     changes nothing (RFC 7662 §2.1).
             */
            token_type_hint?: string | null;
        };
        /** @description A signing key, without the key. */
        KeyItem: {
            /** Format: date-time */
            created_at: string;
            /** @description Its id, as in the header of its tokens. */
            kid: string;
            /**
             * Format: date-time
             * @description When the next one takes over.
             */
            retired_at: string | null;
            /**
             * Format: date-time
             * @description When it begins to sign.
             */
            starts_at: string;
            /**
             * @description `next`: published, and signs soon; `active`: signs; `retired`: only checks tokens, until the last is over.
             * @example active
             */
            status: string;
        };
        /** @description The signing keys, newest first. */
        KeyList: {
            items: components["schemas"]["KeyItem"][];
        };
        /** @description Names a signing key. */
        KeyRequest: {
            /** @description Its id, from `federation/keys/list`. */
            kid: string;
        };
        /** @description A call without input. */
        KeysRequest: Record<string, never>;
        /** @description Starts a sign-in that links a provider to the bearer's account. */
        LinkRequest: {
            /** @description Clients add their city to every POST; another city than the token's is refused. */
            city_id?: string | null;
            /** @description BASE64URL(SHA256(code_verifier)) (RFC 7636). */
            code_challenge?: string | null;
            /** @description `S256`, the only method. */
            code_challenge_method?: string | null;
            /** @description `false` turns WeChat's desktop fast login off for this sign-in. */
            fast_login?: boolean | null;
            /** @description `zh` or `en`: the language of the provider's page and ours. */
            lang?: string | null;
            /**
             * @description A provider's id from `providers`.
             * @example wechat
             */
            provider: string;
            /** @description Whether a refresh token comes with the fresh token; by default, whether the bearer's session has one. */
            refresh?: boolean | null;
            /**
             * @description Where to send the browser afterwards: in the city's `allowed_redirects`, or `http://127.0.0.1/downcity` or
             *     `http://[::1]/downcity` on any port (RFC 8252 §7.3), which need a `code_challenge`.
             */
            return_to?: string | null;
        };
        /** @description Signs in a local person. */
        LocalLoginRequest: {
            /** @description The city; `city_downcity` when absent. */
            city_id?: string | null;
            /**
             * @description Any name; somebody new is made.
             * @example lilei
             */
            name: string;
        };
        /** @description Signed in. */
        LoginAnswer: {
            city_id: string;
            /** @description The address they signed in with. */
            email: string;
            /**
             * Format: date-time
             * @description When the token ends (RFC 3339).
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description When the refresh token ends if it is not used (RFC 3339).
             */
            refresh_expires_at?: string | null;
            /** @description What the next token is asked for with, once; only where `refresh` was asked for. */
            refresh_token?: string | null;
            user_id: string;
            /** @description The bearer token of the user. */
            user_token: string;
        };
        /** @description Takes the next step of a sign-in. */
        LoginContinueRequest: {
            /** @description The city of the token, if named. */
            city_id?: string | null;
            /** @description The PKCE verifier, if the start had a challenge. */
            code_verifier?: string | null;
            /** @description What the person typed, by the names of `inputs`. */
            input: components["schemas"]["LoginInput"];
            /** @description From `login/start`. */
            login_id: string;
        };
        /** @description What the person typed. */
        LoginInput: {
            /** @description The mailed code. */
            code?: string | null;
            /** @description Their address: alone, a code is mailed to it. */
            email?: string | null;
            /** @description The name of a local person. */
            name?: string | null;
            /** @description Their password, together with the address. */
            password?: string | null;
        };
        /** @description One field to show. */
        LoginInputField: {
            /** @description Its name for people, in the language of `Accept-Language`. */
            label: string;
            /**
             * @description Its name in `input`.
             * @example code
             */
            name: string;
            /** @description Whether the step needs it. */
            required: boolean;
            /**
             * @description `email`, `password`, `code` or `text`.
             * @example code
             */
            type: string;
        };
        /** @description Signs in with an address and a password. */
        LoginRequest: {
            /** @description The city; `city_downcity` when absent. */
            city_id?: string | null;
            /** @example lilei@example.com */
            email: string;
            password: string;
            /** @description `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next. */
            refresh?: boolean | null;
        };
        /** @description Starts a sign-in in steps, with any provider. */
        LoginStartRequest: {
            /** @description The city; `city_downcity` when absent. */
            city_id?: string | null;
            /** @description BASE64URL(SHA256(code_verifier)) (RFC 7636). */
            code_challenge?: string | null;
            /** @description `S256`, the only method. */
            code_challenge_method?: string | null;
            /** @description For `email`: mails a code at once. */
            email?: string | null;
            /** @description `false` turns WeChat's desktop fast login off for this sign-in. */
            fast_login?: boolean | null;
            /** @description `zh` or `en`. */
            lang?: string | null;
            /**
             * @description A provider's id from `providers`.
             * @example email
             */
            provider: string;
            /** @description `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next. */
            refresh?: boolean | null;
            /**
             * @description Where to send the browser afterwards: in the city's `allowed_redirects`, or `http://127.0.0.1/downcity` or
             *     `http://[::1]/downcity` on any port (RFC 8252 §7.3), which need a `code_challenge`.
             */
            return_to?: string | null;
        };
        /** @description The next step of a sign-in, told apart by `status`. */
        LoginStep: {
            /**
             * Format: date-time
             * @description When the sign-in runs out (RFC 3339).
             */
            expires_at: string;
            /**
             * Format: int32
             * @description How often to ask `login/result`, in seconds, without `wait`.
             */
            interval: number;
            /** @description What names this sign-in. */
            login_id: string;
            /** @description The provider's id. */
            provider: string;
            /** @description The same as `login_id`, as `oauth/result` takes it. */
            state: string;
            /** @enum {string} */
            status: "redirect_required";
            /** @description Where to send the person. */
            url: string;
            /**
             * @description The code that the product shows to the person, who types it on the confirmation page: `XXXX-XXXX`. Present where
             *     the city's `confirm` is `code`.
             */
            user_code?: string | null;
        } | {
            /**
             * Format: date-time
             * @description When the sign-in runs out (RFC 3339).
             */
            expires_at: string;
            /** @description What to ask for. */
            inputs: components["schemas"]["LoginInputField"][];
            /** @description What names this sign-in. A secret of the client that started. */
            login_id: string;
            /** @description The provider's id. */
            provider: string;
            /** @enum {string} */
            status: "input_required";
        } | {
            /** @description The city the token is good for. */
            city_id: string;
            /**
             * Format: date-time
             * @description When the token ends (RFC 3339).
             */
            expires_at: string;
            /** @description The provider they signed in with. */
            provider: string;
            /**
             * Format: date-time
             * @description When the refresh token ends if it is not used (RFC 3339).
             */
            refresh_expires_at?: string | null;
            /** @description What the next token is asked for with, once; only where the sign-in was started with `refresh`. */
            refresh_token?: string | null;
            /** @enum {string} */
            status: "done";
            user_id: string;
            /**
             * @description The bearer token of the user.
             * @example ub_eyJhbGciOiJFZERTQSJ9.e30.c2ln
             */
            user_token: string;
        };
        /** @description The form of a verification page. */
        MailedConfirmForm: {
            token: string;
        };
        /** @description The form of a page for a new password. */
        MailedResetForm: {
            password: string;
            token: string;
        };
        /** @description How things stand with the master key. The key itself is told to nobody. */
        MasterKeyAnswer: {
            /** @description The id of the data key that seals. */
            data_key_id: string;
            /**
             * Format: int64
             * @description How many values older data keys have sealed; they are being sealed anew.
             */
            left: number;
            /**
             * @description The id of the master key that the database needs.
             * @example 1f3c09ab
             */
            master_key_id: string;
            /** @description The id of the next one, where the source of the master key holds one. */
            next_master_key_id: string | null;
            /** @description Whether other nodes may share the database. */
            shared: boolean;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
        };
        /** @description A call without input. */
        MasterKeyRequest: Record<string, never>;
        /** @description The signed-in user. */
        Me: {
            /** @description The city the token is good for. */
            city_id: string;
            profile: components["schemas"]["Profile"];
            session: components["schemas"]["MeSession"];
            user: components["schemas"]["MeUser"];
        };
        /** @description What a merge moved, or would move. */
        MergeAnswer: {
            /**
             * @description What both have, where `into` keeps its own: `password`, `email`; and `disabled` when one of them is
             *     disabled, which has to be settled first.
             */
            conflicts: string[];
            /** @description Whether the address in the profile moves. */
            email_moves: boolean;
            /** @description The ways in that move. */
            identities: components["schemas"]["IdentityItem"][];
            /** @description Whether it was done. */
            merged: boolean;
            /** @description Whether the password moves. */
            password_moves: boolean;
            /**
             * Format: int64
             * @description How many live sessions of `from` end.
             */
            sessions: number;
        };
        /** @description Names two users to be made one. */
        MergeRequest: {
            /** @description Who goes. */
            from: string;
            /** @description Who stays. */
            into: string;
            /** @description true only tells what would move. */
            preview?: boolean | null;
        };
        /** @description The session the token stands on. */
        MeSession: {
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            /** @description How they signed in: a provider's id, or `token` when an admin issued it. */
            provider: string;
            session_id: string;
        };
        /** @description Who the token names. */
        MeUser: {
            /** @description What the product attached to a token issued by hand. */
            metadata?: Record<string, never> | null;
            /** @description Stable; says nothing about the person. */
            user_id: string;
        };
        /** @description The event that a stream of outcomes ends with. Only for the document: events are written field by field. */
        OauthEvent: {
            /**
             * @description An OauthResult as JSON.
             * @example {"status":"pending","interval":2}
             */
            data: string;
            /**
             * @description Always `result`.
             * @example result
             */
            event: string;
        };
        /** @description The outcome of a sign-in, told apart by `status`. */
        OauthResult: {
            /**
             * Format: int32
             * @description How often to ask, in seconds, without `wait`.
             */
            interval: number;
            /** @enum {string} */
            status: "pending";
        } | {
            /** @description The city the token is good for. */
            city_id: string;
            /**
             * Format: date-time
             * @description When the token ends (RFC 3339).
             */
            expires_at: string;
            /** @description The provider they signed in with. */
            provider: string;
            /**
             * Format: date-time
             * @description When the refresh token ends if it is not used (RFC 3339).
             */
            refresh_expires_at?: string | null;
            /** @description What the next token is asked for with, once; only where the sign-in was started with `refresh`. */
            refresh_token?: string | null;
            /** @enum {string} */
            status: "done";
            /** @description The user's id. */
            user_id: string;
            /**
             * @description The bearer token of the user.
             * @example ub_eyJhbGciOiJFZERTQSJ9.e30.c2ln
             */
            user_token: string;
        } | {
            /** @description A stable code for programs. */
            code: components["schemas"]["FailureCode"];
            /** @description A sentence for the person, in the language of the sign-in. */
            error: string;
            /** @enum {string} */
            status: "failed";
        };
        /** @description A started sign-in. */
        OauthStartAnswer: {
            /**
             * Format: date-time
             * @description When the sign-in runs out (RFC 3339).
             */
            expires_at: string;
            /**
             * Format: int32
             * @description How often to ask `oauth/result`, in seconds, without `wait`.
             */
            interval: number;
            /** @description The provider's id. */
            provider: string;
            /** @description What to wait on with `oauth/result`. */
            state: string;
            /** @description Where to send the person. */
            url: string;
            /**
             * @description The code that the product shows to the person, who types it on the confirmation page: `XXXX-XXXX`. Present where the
             *     city's `confirm` is `code`.
             */
            user_code?: string | null;
        };
        /** @description Starts a sign-in. */
        OauthStartRequest: {
            /**
             * @description The city; `city_downcity` when absent.
             * @example city_demo
             */
            city_id?: string | null;
            /** @description BASE64URL(SHA256(code_verifier)) (RFC 7636). */
            code_challenge?: string | null;
            /** @description `S256`, the only method. */
            code_challenge_method?: string | null;
            /** @description `false` turns WeChat's desktop fast login off for this sign-in. */
            fast_login?: boolean | null;
            /** @description `zh` or `en`: the language of the provider's page and ours. */
            lang?: string | null;
            /**
             * @description A provider's id from `providers`.
             * @example wechat
             */
            provider: string;
            /** @description `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next. */
            refresh?: boolean | null;
            /**
             * @description Where to send the browser afterwards: in the city's `allowed_redirects`, or `http://127.0.0.1/downcity` or
             *     `http://[::1]/downcity` on any port (RFC 8252 §7.3), which need a `code_challenge`.
             */
            return_to?: string | null;
        };
        /** @description How sign-ins go, whether each provider is well, and what needs attention. */
        OverviewAnswer: {
            /** @description What needs attention, the worst first. */
            attention: components["schemas"]["AttentionItem"][];
            /** @description How many cities it is about. */
            cities: number;
            people: components["schemas"]["PeopleItem"] | null;
            providers: components["schemas"]["HealthItem"][];
            /** @description Every step, also those in which nothing happened, oldest first. */
            series: components["schemas"]["StepItem"][];
            /** Format: date-time */
            since: string;
            /**
             * Format: int64
             * @description How long each step of the series is: 3600 or 86400.
             */
            step_seconds: number;
            /** @description All steps together. */
            total: components["schemas"]["TallyItem"];
            /** Format: date-time */
            until: string;
        };
        /** @description One of one's own sessions. */
        OwnSession: {
            /** @description The `User-Agent` it was begun with; text from outside. */
            agent: string;
            /** @description The city it is good for. */
            city_id: string;
            /** Format: date-time */
            created_at: string;
            /** @description Whether another device finished the sign-in than the one that has the session, as with a QR code. */
            cross_device: boolean;
            /** @description Whether it is the session of this request. */
            current: boolean;
            device: components["schemas"]["Device"] | null;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: date-time
             * @description When it was last used, to five minutes; null when that was only at its beginning.
             */
            last_seen_at: string | null;
            /** @description The network address it was begun from; an IPv6 address by its /64. */
            network: string;
            /** @description How they signed in: a provider's id, or `token` when an admin issued it. */
            provider: string;
            /** @description Whether it goes on by refresh tokens. */
            refreshable: boolean;
            session_id: string;
        };
        /** @description The live sessions of the bearer, newest first. */
        OwnSessionList: {
            items: components["schemas"]["OwnSession"][];
        };
        /** @description Changes the password of a signed-in user. */
        PasswordChangeRequest: {
            /** @description The city of the token, if named. */
            city_id?: string | null;
            current_password: string;
            password: string;
        };
        /** @description Asks for a link to set a new password. */
        PasswordForgotRequest: {
            /** @description The city whose name the mail carries; `city_downcity` when absent. */
            city_id?: string | null;
            email: string;
        };
        /** @description Sets a new password with a mailed token. */
        PasswordResetRequest: {
            /** @description The city of the bearer, if there is one and it is named. */
            city_id?: string | null;
            /** @description The new password. */
            password: string;
            /** @description The token from the mail. */
            token: string;
        };
        /** @description People and sessions. */
        PeopleItem: {
            /**
             * Format: int64
             * @description Users with a session that began or was used in the last 24 hours.
             */
            active_24h: number;
            /**
             * Format: int64
             * @description The same in the last 30 days.
             */
            active_30d: number;
            /** Format: int64 */
            live_sessions: number;
            /**
             * Format: int64
             * @description Users; of a city: those with a session there that is remembered.
             */
            users: number;
        };
        /** @description One user: who they are, how they sign in, where they are signed in, what happened. */
        PersonAnswer: {
            bio: string | null;
            /** @description The latest 50, newest first. */
            events: components["schemas"]["EventItem"][];
            /** @description Their ways in, oldest first. */
            identities: components["schemas"]["PersonIdentity"][];
            locale: string | null;
            /** @description The latest 50 that are remembered, newest first. */
            sessions: components["schemas"]["SessionItem"][];
            user: components["schemas"]["UserItem"];
        };
        /** @description A way in with its names at the provider. */
        PersonIdentity: components["schemas"]["IdentityItem"] & {
            /** @description The stable names; empty for an admin of one city. */
            names: components["schemas"]["PersonName"][];
        };
        /** @description A stable name at a provider. */
        PersonName: {
            /** @description `unionid`, `openid` or `sub`. */
            kind: string;
            /** @description Where it is unique: an app's id, an issuer, or empty. */
            scope: string;
            value: string;
        };
        /** @description What an issuer has the browser post (OAuth 2.0 Form Post Response Mode). */
        PostedAnswer: {
            /** @description The authorization code. */
            code?: string | null;
            /** @description An error (RFC 6749 §4.1.2.1). */
            error?: string | null;
            /** @description The issuer (RFC 9207). */
            iss?: string | null;
            /** @description The state of the sign-in. */
            state?: string | null;
        };
        /** @description What is known about the person. Nothing is invented: WeChat gives no e-mail, so it is null. */
        Profile: {
            avatar_url: string | null;
            bio: string | null;
            display_name: string | null;
            email: string | null;
            /** @description Their language, as a BCP 47 tag. */
            locale: string | null;
            user_id: string;
        };
        /**
         * @description Changes to one's profile. What is absent stays; null or an empty text empties a field. A field that was
         *     edited here is not overwritten by the next sign-in.
         */
        ProfileUpdateRequest: {
            /** @description An https address. */
            avatar_url?: string | null;
            /** @description At most 1000 characters. */
            bio?: string | null;
            /** @description Clients add their city to every POST; another city than the token's is refused. */
            city_id?: string | null;
            /** @description At most 64 characters. */
            display_name?: string | null;
            /**
             * @description A language tag (BCP 47).
             * @example zh-CN
             */
            locale?: string | null;
        };
        /** @description One way to sign in, as an admin sees it. */
        ProviderCardItem: {
            /** @description The public id of the app at the provider. */
            app_id: string | null;
            /** @description What to register at the provider, the main public address first; empty where there is nothing to register. */
            callbacks: components["schemas"]["CallbackItem"][];
            /** @description What a city that began to have an app of its own still lacks; until then the Federation's is used. */
            city_missing: string[];
            /**
             * Format: date-time
             * @description Since when it is switched off in the city that was asked about.
             */
            city_off_at: string | null;
            id: string;
            /** @description `oauth` or `email`. */
            kind: string;
            /** @description The name for people, in the language of `Accept-Language`. */
            label: string;
            /** @description The settings that it needs and that are missing. */
            missing: string[];
            /**
             * Format: date-time
             * @description Since when it is switched off everywhere.
             */
            off_at: string | null;
            /** @description Whether that is the city's own app, and not the Federation's. */
            own_app: boolean;
            problem: components["schemas"]["Both"] | null;
            /**
             * @description `enabled`; `off`: set up and switched off; `incomplete`: some settings are missing; `broken`: they can't be
             *     used; `not_set_up`: none is there.
             */
            status: string;
        };
        /** @description Every way to sign in, usable or not. */
        ProviderCardList: {
            items: components["schemas"]["ProviderCardItem"][];
        };
        /** @description One way to sign in. */
        ProviderItem: {
            /** @description Always true: what can't be used is not listed. */
            enabled: boolean;
            /**
             * @description The provider's id, to be sent to `oauth/start`.
             * @example wechat
             */
            id: string;
            /**
             * @description Its name, in the language of `Accept-Language`.
             * @example WeChat
             */
            label: string;
            /**
             * @description How it works.
             * @example oauth
             */
            type: string;
        };
        /** @description Ways to sign in that can really be used now. */
        ProviderList: {
            items: components["schemas"]["ProviderItem"][];
        };
        /** @description The next tokens. */
        RefreshAnswer: {
            city_id: string;
            /**
             * Format: date-time
             * @description When the token ends (RFC 3339).
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description When the refresh token ends if it is not used (RFC 3339).
             */
            refresh_expires_at: string;
            /** @description What the next token is asked for with, once. */
            refresh_token: string;
            user_id: string;
            /** @description The bearer token of the user. */
            user_token: string;
        };
        /** @description Asks for the next user_token. */
        RefreshRequest: {
            /** @description Clients add their city to every POST; another city than the session's is refused. */
            city_id?: string | null;
            /** @description The refresh token that came last. */
            refresh_token: string;
        };
        /** @description Registers with an address and a password. */
        RegisterRequest: {
            /** @description The city; `city_downcity` when absent. */
            city_id?: string | null;
            /** @example lilei@example.com */
            email: string;
            /** @description What they want to be called. */
            name?: string | null;
            /** @description 8 to 256 characters, not one of the common ones. */
            password: string;
        };
        /** @description How many sessions were ended. */
        RevokedCount: {
            /** Format: int64 */
            count: number;
            /** @description Always true. */
            success: boolean;
        };
        /** @description One setting that a service can use. */
        ServiceEnv: {
            configured: boolean;
            key: string;
            required: boolean;
        };
        /** @description One service. */
        ServiceItem: {
            /** @description The settings it can use; empty for everybody but admins. */
            env: components["schemas"]["ServiceEnv"][];
            id: string;
            name: string;
        };
        /** @description The services of the Federation. */
        ServiceList: {
            items: components["schemas"]["ServiceItem"][];
        };
        /** @description A session, as admins see it. */
        SessionItem: {
            /** @description The `User-Agent` it was begun with; text from outside. */
            agent: string;
            city_id: string;
            /** Format: date-time */
            created_at: string;
            /** @description Whether another device finished the sign-in than the one that has the session, as with a QR code. */
            cross_device: boolean;
            device: components["schemas"]["Device"] | null;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: date-time
             * @description When it was last used, to five minutes; null when that was only at its beginning.
             */
            last_seen_at: string | null;
            /** @description The network address it was begun from; an IPv6 address by its /64. */
            network: string;
            /** @description How they signed in: a provider's id, or `token` when an admin issued it. */
            provider: string;
            /** Format: date-time */
            revoked_at: string | null;
            session_id: string;
            /** @description `active`, `expired` or `revoked`. */
            status: string;
            user_id: string;
        };
        /** @description A page of sessions, newest first. */
        SessionList: {
            items: components["schemas"]["SessionItem"][];
            /** @description What to ask the next page with; null on the last one. */
            next: string | null;
        };
        /** @description Names a session. */
        SessionRequest: {
            /** @description Clients add their city to every POST; another city than the token's is refused. */
            city_id?: string | null;
            session_id: string;
        };
        /** @description A step of the series. */
        StepItem: components["schemas"]["TallyItem"] & {
            /**
             * Format: date-time
             * @description Its first moment.
             */
            at: string;
        };
        /** @description A call that had nothing to tell. */
        Success: {
            /** @description Always true. */
            success: boolean;
        };
        /** @description Which provider to switch, and where. */
        SwitchRequest: {
            /** @description In this city alone; everywhere when absent. */
            city_id?: string | null;
            /**
             * @description The provider's id.
             * @example wechat
             */
            provider: string;
        };
        /** @description How sign-ins went that began in a span of time. */
        TallyItem: {
            /** Format: int64 */
            done: number;
            /**
             * Format: int64
             * @description Those that came back and were not confirmed in time.
             */
            expired: number;
            /** @description Those that failed, by the failure's code. */
            failed: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description Those where nobody came back in time.
             */
            not_returned: number;
            /**
             * Format: int64
             * @description Those where somebody came back from the provider, or typed the mailed code.
             */
            returned: number;
            /** Format: int64 */
            started: number;
            /**
             * Format: double
             * @description How many of those that came back and are over ended with somebody signed in, 0 to 1; null without any.
             */
            success_rate: number | null;
            /** Format: int64 */
            under_way: number;
        };
        /** @description A token issued by hand. */
        TokenAnswer: {
            city_id: string;
            /** Format: date-time */
            expires_at: string;
            user_id: string;
            user_token: string;
        };
        /** @description Asks for a `user_token` by hand. */
        TokenApplyRequest: {
            city_id: string;
            /** @description A JSON object that comes back in `me`, at most 4096 bytes. */
            metadata?: Record<string, never> | null;
            ttl?: components["schemas"]["Ttl"] | null;
            /** @description A user of the Federation, or the product's own id for one. */
            user_id: string;
        };
        /** @description A length of time. */
        Ttl: number | string;
        /** @description Names one of the bearer's ways in. */
        UnlinkRequest: {
            /** @description Clients add their city to every POST; another city than the token's is refused. */
            city_id?: string | null;
            identity_id: string;
        };
        /** @description A user, as admins see them. */
        UserItem: {
            /** Format: date-time */
            auth_created_at: string | null;
            auth_email: string | null;
            auth_name: string | null;
            avatar_url: string | null;
            /**
             * Format: date-time
             * @description When the account is removed, if its owner asked for it.
             */
            delete_at: string | null;
            display_name: string | null;
            /** @description The providers they can sign in with. */
            providers: string[];
            /** @description `active`, `disabled`, or `deleting` when the owner asked for it. */
            status: string;
            user_id: string;
        };
        /** @description A page of users, newest first. */
        UserList: {
            items: components["schemas"]["UserItem"][];
            /** @description What to ask the next page with; null on the last one. */
            next: string | null;
        };
        /** @description Names a user. */
        UserRequest: {
            user_id: string;
        };
        /** @description A mailed token. */
        VerifyEmailRequest: {
            /** @description The city; the one registered in when absent. */
            city_id?: string | null;
            /** @description `true` asks for a refresh token: the user_token is then short-lived, and `token/refresh` gives the next. */
            refresh?: boolean | null;
            /** @description The token from the mail. */
            token: string;
        };
        /** @description A new webhook, with its signing secret. */
        WebhookCreated: {
            /**
             * @description What deliveries are checked with (Standard Webhooks 1.0). Shown this once.
             * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
             */
            secret: string;
            webhook: components["schemas"]["WebhookItem"];
        };
        /** @description Has a server told of events. */
        WebhookCreateRequest: {
            /** @description The cities; all when absent or empty. Events that belong to no city are then not sent. */
            cities?: string[] | null;
            /** @description The kinds of event, such as `user.signed_in`; all when absent or empty. */
            types?: string[] | null;
            /**
             * @description Where deliveries are sent: https, and a public address.
             * @example https://app.example.com/hooks/downcity
             */
            url: string;
        };
        /** @description A server that is told of events. */
        WebhookItem: {
            /** @description The cities; all when empty. */
            cities: string[];
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was switched off for that.
             */
            disabled_at: string | null;
            /**
             * Format: date-time
             * @description Since when nothing arrives.
             */
            failing_since: string | null;
            /**
             * @description `active`, `failing` while nothing arrives, or `disabled`.
             * @example active
             */
            status: string;
            /** @description The kinds of event; all when empty. */
            types: string[];
            url: string;
            webhook_id: string;
        };
        /** @description All webhooks, newest first. */
        WebhookList: {
            items: components["schemas"]["WebhookItem"][];
        };
        /** @description How many events are sent again. */
        WebhookReplayAnswer: {
            /** Format: int64 */
            count: number;
            /** @description Always true. */
            success: boolean;
        };
        /** @description Sends events again: give one of the two. */
        WebhookReplayRequest: {
            /** @description This event, also when it arrived before. */
            event_id?: string | null;
            /**
             * Format: date-time
             * @description Every event since this moment (RFC 3339), within the last 30 days, that the webhook listens to and that has not
             *     arrived.
             */
            since?: string | null;
            webhook_id: string;
        };
        /** @description Names a webhook. */
        WebhookRequest: {
            webhook_id: string;
        };
        /** @description A test is on its way. */
        WebhookTested: {
            /** @description The event that is sent, and the `webhook-id` it is sent with. */
            event_id: string;
            /** @description Always true. */
            success: boolean;
        };
    };
    responses: {
        /** @description It can't be answered now: come again as soon as Retry-After says */
        NotNow: {
            headers: {
                /** @description Seconds to wait before another try. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description Too many tries: come again as soon as Retry-After says */
        TooManyTries: {
            headers: {
                /** @description Seconds to wait before another try. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    about: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Where a client finds what it needs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["About"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    jwks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A JWK Set (RFC 7517 §5). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the process answers, or can serve. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Whether the process answers, or can serve. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            429: components["responses"]["TooManyTries"];
            /** @description It could not be answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    accounts_attempts: {
        parameters: {
            query?: {
                /** @description For this city. */
                city_id?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description The code of a failure, such as `provider_misconfigured`. */
                failure?: string;
                /** @description How many, 1 to 200; 50 when absent. */
                limit?: number;
                /** @description With this provider. */
                provider?: string;
                /** @description `waiting`, `exchanging`, `confirming`, `done`, `failed`, `expired` or `not_returned`. */
                status?: string;
                /** @description Those that signed this user in. */
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The last sign-in attempts, newest first. They are remembered for a day. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttemptList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description When an account is gone. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_change: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailChangeRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_change_confirm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["MailedConfirmForm"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description A page for a person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_confirm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["MailedConfirmForm"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description A page for a person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_end_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["MailedConfirmForm"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description A page for a person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_enter: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["MailedConfirmForm"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description To the page about the outcome */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_finish: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailFinishRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_open: {
        parameters: {
            query?: {
                /** @description `verify`, `reset`, `change`, `sign_in` or `end_session`. */
                for?: string;
                /** @description The one-time token. */
                token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A page for a person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["MailedResetForm"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description A page for a person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_email_start: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailStartRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A mail is on its way, if the address takes one. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailStartAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_events: {
        parameters: {
            query?: {
                /** @description In this city. */
                city_id?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description How many, 1 to 200; 50 when absent. */
                limit?: number;
                /** @description Not before this moment (RFC 3339). */
                since?: string;
                /** @description Of this kind, such as `user.signed_in`. */
                type?: string;
                /** @description About this user. */
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A page of events, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_export: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Everything held about the bearer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Export"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_identities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The bearer's ways in, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IdentityList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_identities_link: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A started sign-in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OauthStartAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_identities_unlink: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnlinkRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_local_login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LocalLoginRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The next step of a sign-in, told apart by `status`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginStep"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_login_continue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginContinueRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The next step of a sign-in, told apart by `status`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginStep"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_login_result: {
        parameters: {
            query?: {
                /** @description The one-time code that the browser brought to `return_to`, if the sign-in has one. */
                code?: string;
                /** @description The PKCE verifier, if the sign-in was started with a challenge. */
                code_verifier?: string;
                /** @description The `login_id` from `login/start` or `email/start`. */
                login_id?: string;
                /** @description The same, by the name that `oauth/result` has for it. */
                state?: string;
                /** @description How many seconds to wait for an outcome, at most 30. */
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The outcome of a sign-in, told apart by `status`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OauthResult"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_login_start: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginStartRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The next step of a sign-in, told apart by `status`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginStep"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The signed-in user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_callback: {
        parameters: {
            query?: {
                /** @description The authorization code. */
                code?: string;
                /** @description An error (RFC 6749 §4.1.2.1). */
                error?: string;
                /** @description The issuer (RFC 9207). */
                iss?: string;
                /** @description What was posted here a moment ago, sealed. It comes alone. */
                posted?: string;
                /** @description The state of the sign-in. */
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description To the page about the outcome, or to return_to */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_callback_posted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["PostedAnswer"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description To the same address by GET, with what was posted sealed in `posted` */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_confirm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["ConfirmForm"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description To the page about the outcome */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_events: {
        parameters: {
            query: {
                /** @description The one-time code that the browser brought to `return_to`, if the sign-in has one. */
                code?: string;
                /** @description The PKCE verifier, if the sign-in was started with a challenge. */
                code_verifier?: string;
                /** @description The `state` from `oauth/start`. */
                state: string;
                /** @description How many seconds to wait for an outcome, at most 30. */
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description One event */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["OauthEvent"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_outcome: {
        parameters: {
            query?: {
                /** @description The attempt; shown only to the browser that finished it. */
                attempt?: string;
                /** @description A problem to explain, for callbacks that belong to no attempt. */
                problem?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                    "text/html": string;
                };
            };
            /** @description A page for a person. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_result: {
        parameters: {
            query: {
                /** @description The one-time code that the browser brought to `return_to`, if the sign-in has one. */
                code?: string;
                /** @description The PKCE verifier, if the sign-in was started with a challenge. */
                code_verifier?: string;
                /** @description The `state` from `oauth/start`. */
                state: string;
                /** @description How many seconds to wait for an outcome, at most 30. */
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The outcome of a sign-in, told apart by `status`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OauthResult"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_oauth_start: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OauthStartRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A started sign-in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OauthStartAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_password_change: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChangeRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_password_forgot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordForgotRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_password_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordResetRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_profile_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProfileUpdateRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The signed-in user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_providers: {
        parameters: {
            query?: {
                /** @description The city; `city_downcity` when absent. */
                city_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Ways to sign in that can really be used now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_sessions: {
        parameters: {
            query?: {
                /** @description In this city. */
                city_id?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description How many, 1 to 200; 50 when absent. */
                limit?: number;
                /** @description Part of an id, a network address or a `User-Agent`, in any case. */
                q?: string;
                /** @description `active`, `expired` or `revoked`. */
                status?: string;
                /** @description Of this user. */
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A page of sessions, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_sessions_admin_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_sessions_mine: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The live sessions of the bearer, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSessionList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_sessions_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_sessions_revoke_others: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How many sessions were ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedCount"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_token_introspect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IntrospectRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What a token is worth (RFC 7662 §2.2). Of one that is not active nothing else is told. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntrospectAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_token_refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The next tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefreshAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_users: {
        parameters: {
            query?: {
                /** @description Only users with a session in this city that is remembered. */
                city_id?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description How many, 1 to 200; 50 when absent. */
                limit?: number;
                /** @description Only users with a way in by this provider. */
                provider?: string;
                /**
                 * @description A whole id, address, openid or unionid, which finds its owner at once; else part of a name, an address or an
                 *     id, in any case.
                 */
                q?: string;
                /** @description `active`, `disabled`, or `deleting` when the owner asked for it. */
                status?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A page of users, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_users_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_users_disable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_users_enable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_users_merge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MergeRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What a merge moved, or would move. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MergeAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_users_one: {
        parameters: {
            query: {
                /** @description Only what concerns this city. */
                city_id?: string;
                user_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description One user: who they are, how they sign in, where they are signed in, what happened. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    accounts_verify_email: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerifyEmailRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    admin_keys_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminKeyCreateRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A new admin key. Keep it: it is told this once. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminKeyCreated"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    admin_keys_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The admin keys, newest first, also those that are good no more. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminKeyList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    admin_keys_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminKeyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    admin_keys_rotate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminKeyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The new secret of an admin key. Keep it: it is told this once. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminKeyRotated"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    admin_keys_sessions: {
        parameters: {
            query?: {
                /** @description Only those that began with this key. */
                key_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The sessions of the web workspace that are good now, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminSessionList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    admin_keys_sessions_end: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminSessionRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    audit_export: {
        parameters: {
            query?: {
                /** @description Only this: `env.set`, or `env` for everything about settings. */
                action?: string;
                /** @description Only about this city. */
                city_id?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description Only by this admin key; `local` for commands on the machine itself. */
                key_id?: string;
                /** @description How many: 1 to 200, 50 when absent. An export knows no limit. */
                limit?: number;
                /** @description Not before this (RFC 3339). */
                since?: string;
                /** @description Only what was done to this: the name of a setting, an id. */
                subject?: string;
                /** @description Before this (RFC 3339). */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description An entry a line, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    audit_list: {
        parameters: {
            query?: {
                /** @description Only this: `env.set`, or `env` for everything about settings. */
                action?: string;
                /** @description Only about this city. */
                city_id?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description Only by this admin key; `local` for commands on the machine itself. */
                key_id?: string;
                /** @description How many: 1 to 200, 50 when absent. An export knows no limit. */
                limit?: number;
                /** @description Not before this (RFC 3339). */
                since?: string;
                /** @description Only what was done to this: the name of a setting, an id. */
                subject?: string;
                /** @description Before this (RFC 3339). */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What admins did, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_activate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description One product (tenant) inside the Federation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["City"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityCreateRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description One product (tenant) inside the Federation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["City"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_env_list: {
        parameters: {
            query?: {
                /** @description Only this city's. */
                city_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What is set for cities in place of the Federation's. The value of a secret is never in it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CityEnvList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_env_remove: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityEnvRemoveRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_env_upsert: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityEnvUpsertRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A stored value. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvUpsertAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description All cities, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CityList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_pause: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description One product (tenant) inside the Federation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["City"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_remove: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_tokens_apply: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenApplyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A token issued by hand. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    cities_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CityUpdateRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description One product (tenant) inside the Federation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["City"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    env_catalog: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What each service can use. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvCatalog"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    env_import: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnvImportRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What an import set. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvImportAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    env_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What is set. The value of a secret is never in it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    env_refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmptyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How many settings there are. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvCount"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    env_remove: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnvRemoveRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    env_upsert: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnvUpsertRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A stored value. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvUpsertAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_backup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The backup: a JSON value a line. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_doctor: {
        parameters: {
            query?: {
                /** @description A group of checks such as `wechat`, or one check such as `wechat.credentials`; all when absent. */
                only?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DoctorReport"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_echo: {
        parameters: {
            query: {
                /** @description Made by this Federation's doctor, good for a minute. */
                ticket: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How a request with a ticket arrived. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Echo"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_instruction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description What it offers, and what is still to be configured. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_keys_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The signing keys, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_keys_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The signing keys, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_keys_rotate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeysRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The signing keys, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_master_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How things stand with the master key. The key itself is told to nobody. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MasterKeyAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_master_key_rotate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MasterKeyRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How things stand with the master key. The key itself is told to nobody. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MasterKeyAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    federation_overview: {
        parameters: {
            query?: {
                /** @description Of this city; of all when absent. */
                city_id?: string;
                /** @description 24 (by the hour), 168 or 720 (by the day, UTC); 24 when absent. */
                hours?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How sign-ins go, whether each provider is well, and what needs attention. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverviewAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    providers_disable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    providers_enable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    providers_list: {
        parameters: {
            query?: {
                /** @description In this city; for the whole Federation when absent. */
                city_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Every way to sign in, usable or not. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderCardList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    services: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The services of the Federation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookCreateRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A new webhook, with its signing secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookCreated"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_deliveries: {
        parameters: {
            query: {
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description How many, 1 to 200; 50 when absent. */
                limit?: number;
                /** @description `waiting`, `sent` or `given_up`. */
                status?: string;
                /** @description Of this webhook. */
                webhook_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A page of deliveries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_enable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description All webhooks, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_remove: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A call that had nothing to tell. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Success"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_replay: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookReplayRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description How many events are sent again. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookReplayAnswer"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
    webhooks_test: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookRequest"];
            };
        };
        responses: {
            /** @description The request was refused. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It could not be answered. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A test is on its way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTested"];
                };
            };
            429: components["responses"]["TooManyTries"];
            503: components["responses"]["NotNow"];
        };
    };
}
