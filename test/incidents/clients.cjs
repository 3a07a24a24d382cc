// Genuine clients of a full table. `echo ADDRESS PORT MILLISECONDS`: answers each datagram after that delay. `ask N
// ADDRESS PORT FROM MILLISECONDS`: N requests, a hundred a second, each from its own port; prints the number without an
// answer that long after the last.

const dgram = require('node:dgram');
const [, , kind, ...words] = process.argv;

const kinds = { echo, ask };
kinds[kind](...words);

function echo(address, port, delay) {
  const socket = dgram.createSocket('udp4');
  // A full table refuses an answer too; only the client counts it.
  const answer = (to) => () => socket.send('x', to.port, to.address, () => undefined);
  socket.on('message', (_, from) => setTimeout(answer(from), Number(delay)));
  socket.bind(Number(port), address, () => process.stdout.write('ready\n'));
}

function ask(count, address, port, from, patience) {
  let [asked, answered] = [0, 0];
  const done = () => process.stdout.write(`${count - answered}\n`, () => process.exit());
  const one = () => {
    const socket = dgram.createSocket('udp4').unref();
    socket.on('message', () => {
      answered += 1;
      if (answered === Number(count)) done();
    });
    socket.bind(0, from, () => socket.send('x', Number(port), address, () => undefined));
    asked += 1;
    if (asked === Number(count)) {
      clearInterval(timer);
      setTimeout(done, Number(patience));
    }
  };
  const timer = setInterval(one, 10);
}
