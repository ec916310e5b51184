// A mail server that somebody else wrote: npm package smtp-server, whose folder is the first argument; then files of the key
// and certificate. It prints its port, and each mail as a line of JSON.
const fs = require("fs");
const { SMTPServer } = require(process.argv[2]);
const server = new SMTPServer({
  key: fs.readFileSync(process.argv[3]),
  cert: fs.readFileSync(process.argv[4]),
  onAuth: (auth, session, done) =>
    auth.username === "mooring" && auth.password === "right" ? done(null, { user: "mooring" }) : done(new Error("wrong")),
  onRcptTo: (address, session, done) => done(address.address.startsWith("gone@") ? Object.assign(new Error("no such user"), { responseCode: 550 }) : null),
  onData: (stream, session, done) => {
    let text = "";
    stream.on("data", (chunk) => (text += chunk));
    stream.on("end", () => {
      console.log(JSON.stringify({ secure: session.secure, from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((r) => r.address), text }));
      done();
    });
  },
});
server.on("error", (e) => console.error(e.message));
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.server.address().port })));
