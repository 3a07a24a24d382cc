// A session as that of ssh, which must not be cut off. `sshd ADDRESS PORT`: echoes, under that name. `web ADDRESS
// PORT`: echoes. `client ADDRESS PORT FROM`: connects once, and for each line of its input says whether an echo comes back.

const net = require('node:net');
const [, , kind, address, port, from] = process.argv;
const LONGEST = 3000;

const kinds = { sshd, web, client };
kinds[kind]();

function sshd() {
  process.title = 'sshd';
  web();
}

function web() {
  const echo = (socket) => socket.on('error', () => undefined).pipe(socket);
  net.createServer(echo).listen(Number(port), address, () => process.stdout.write('ready\n'));
}

function client() {
  const socket = net.connect({ host: address, port: Number(port), localAddress: from });
  socket.setNoDelay(true);
  socket.on('connect', () => process.stdout.write('ready\n'));
  let waiting;
  const say = (word) => {
    clearTimeout(waiting);
    process.stdout.write(`${word}\n`);
  };
  socket.on('data', () => say('alive'));
  socket.on('error', () => say('gone'));
  process.stdin.on('data', () => {
    socket.write('x');
    waiting = setTimeout(() => say('silent'), LONGEST);
  });
}
