// A certified OpenID Connect server (npm oidc-provider) on a free port of loopback. Prints its issuer in one
// line; ends when its standard input does.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { CLIENT_ID, CLIENT_SECRET, CALLBACK } = process.env;
process.stdin.on("end", () => process.exit()).resume();

const person = (sub) => ({
  accountId: sub,
  claims: () => ({
    sub,
    name: `${sub} 李雷`,
    picture: "https://pictures.example.com/a.png",
    email: `${sub}@example.com`,
    email_verified: sub !== "mallory",
  }),
});

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [CALLBACK],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub"], profile: ["name", "picture"], email: ["email", "email_verified"] },
    cookies: { keys: ["of this test alone"] },
    findAccount: (_context, sub) => person(sub),
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
