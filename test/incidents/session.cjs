// A session like that of ssh, which must not be cut off. `sshd ADDRESS PORT`: echoes, under that name. `web ADDRESS
// PORT`: echoes. `client ADDRESS PORT FROM`: connects once, and prints for each line of its input whether an echo comes
// back. `crowd ADDRESS PORT FROM N MILLISECONDS`: N connections that each send a byte at that interval; prints for each
// line of its input the number of connections without an echo.

const net = require('node:net');
const [, , kind, address, port, from, count, often] = process.argv;
const LONGEST = 3000;

const kinds = { sshd, web, client, crowd };
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

function crowd() {
  const clients = Array.from({ length: Number(count) }, (_, at) => {
    const socket = net.connect({ host: address, port: Number(port), localAddress: from });
    const each = { socket, echoed: 0 };
    socket.setNoDelay(true);
    socket.on('data', () => {
      each.echoed += 1;
    });
    socket.on('error', () => undefined);
    const beat = () => socket.write('x');
    const begin = () => {
      beat();
      setInterval(beat, Number(often));
    };
    setTimeout(begin, (Number(often) * at) / Number(count));
    return each;
  });
  let open = 0;
  for (const { socket } of clients)
    socket.on('connect', () => {
      open += 1;
      if (open === clients.length) process.stdout.write('ready\n');
    });
  process.stdin.on('data', () => {
    const before = clients.map(({ echoed }) => echoed);
    for (const { socket } of clients) socket.write('x');
    setTimeout(() => {
      const silent = clients.filter(({ echoed }, at) => echoed === before[at]);
      process.stdout.write(`${silent.length}\n`);
    }, LONGEST);
  });
}
