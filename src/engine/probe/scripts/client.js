// Runs in a pod that has Node and no Python: as client.py. `PLAN` and `NONCE` stand before this text.
const net = require("net"), dgram = require("dgram"), dns = require("dns");
const QUERY = Buffer.from("1337010000010000000000000a6b756265726e657465730764656661756c74037376630000010001", "hex");
const WORDS = { ECONNREFUSED: "refused", ECONNRESET: "reset", EPIPE: "reset", ETIMEDOUT: "timeout" };
for (const code of ["EHOSTUNREACH", "ENETUNREACH", "EACCES", "EPERM", "EHOSTDOWN"]) WORDS[code] = "unreachable";
const word = (error) => WORDS[error.code] || "error";
const say = (number, text, started) => process.stdout.write(`${NONCE} ${number} ${text} ${Date.now() - started}\n`);

const tcp = (kind, host, port, limit) => new Promise((done) => {
  const query = kind === "dns-tcp";
  const sock = net.connect({ host, port });
  let connected = false, data = Buffer.alloc(0);
  const end = (text) => { clearTimeout(timer); sock.destroy(); done(text); };
  const timer = setTimeout(() => end(connected ? "silent" : "timeout"), limit * 1000);
  sock.on("connect", () => {
    connected = true;
    if (!query) return end("open");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(QUERY.length);
    sock.write(Buffer.concat([length, QUERY]));
  });
  sock.on("data", (more) => {
    data = Buffer.concat([data, more]);
    if (data.length >= 2 && data.length >= 2 + data.readUInt16BE(0)) end("open");
  });
  sock.on("end", () => end("silent"));
  sock.on("error", (error) => end(connected ? "silent" : word(error)));
});

const udp = (host, port, limit) => new Promise((done) => {
  const sock = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
  const end = (text) => { clearTimeout(timer); try { sock.close(); } catch (_) {} done(text); };
  const timer = setTimeout(() => end("timeout"), limit * 1000);
  sock.on("error", (error) => end(word(error)));
  sock.on("message", (data) => { if (data.subarray(0, 2).equals(QUERY.subarray(0, 2))) end("open"); });
  // Connected, so that an answer by ICMP is told.
  const sent = (error) => { if (error) end(word(error)); };
  sock.connect(port, host, (error) => (error ? sent(error) : sock.send(QUERY, sent)));
});

const run = async ([number, kind, host, port, tries, limit]) => {
  const started = Date.now();
  if (kind === "resolve") {
    return new Promise((done) => dns.lookup(host, { family: 4, all: true }, (error, found) => {
      say(number, error ? "dns-failure" : "address=" + found.map((f) => f.address).sort().join(","), started);
      done();
    }));
  }
  let text = "error";
  for (let i = 0; i < tries; i++) {
    text = kind === "dns-udp" ? await udp(host, port, limit) : await tcp(kind, host, port, limit);
    if (text !== "timeout") break;
  }
  say(number, text, started);
};
Promise.all(PLAN.map(run)).then(() => process.exit(0));
