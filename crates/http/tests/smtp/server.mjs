// A real SMTP server for tests. Prints its port, then every mail it takes as one JSON line. Addresses that
// begin with `busy` are refused for now (451) twice, those that begin with `nobody` for good (550). With `user:password`
// as its second argument it takes mails from nobody else.
import { SMTPServer } from "smtp-server";
import { simpleParser } from "mailparser";

const refusals = new Map();
const [user, password] = (process.argv[3] ?? "").split(":");

const server = new SMTPServer({
  authOptional: !user,
  allowInsecureAuth: true,
  disabledCommands: user ? ["STARTTLS"] : ["STARTTLS", "AUTH"],
  disableReverseLookup: true,
  onAuth(auth, session, done) {
    const good = auth.username === user && auth.password === password;
    done(good ? null : Object.assign(new Error("no"), { responseCode: 535 }), good ? { user } : undefined);
  },
  onRcptTo({ address }, session, done) {
    const told = refusals.get(address) ?? 0;
    refusals.set(address, told + 1);
    if (address.startsWith("nobody")) return done(Object.assign(new Error("no such mailbox"), { responseCode: 550 }));
    if (address.startsWith("busy") && told < 2) return done(Object.assign(new Error("later"), { responseCode: 451 }));
    done();
  },
  onData(stream, session, done) {
    simpleParser(stream).then(({ to, from, subject, text, html, messageId }) => {
      const mail = { to: to.text, from: from.text, subject, text, html, messageId };
      process.stdout.write(`${JSON.stringify(mail)}\n`);
      done();
    }, done);
  },
});

// A client that is killed in the middle of a mail takes no server with it.
server.on("error", (error) => process.stderr.write(`${error.message}\n`));

server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: server.server.address().port })}\n`);
});
process.stdin.on("close", () => process.exit(0)).resume();
