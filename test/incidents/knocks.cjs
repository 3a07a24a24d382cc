// Real packets that are lost for other reasons than a full table. `knock PORT`: twenty connections to that port of
// loopback every tenth of a second, endlessly. `deaf PORT`: listens there, and never accepts. `flood PORT FROM TO`: as
// many datagrams from one address to another. `mute PORT`: receives datagrams there, and never reads. `announce N`: N
// TFTP requests from as many ports, each of which makes a helper expect a connection; prints the number of refused
// ones.

const [, , kind, count, from, to] = process.argv;

const kinds = { knock, deaf, flood, mute, announce };
kinds[kind](Number(count));

function knock(port) {
  const net = require('node:net');
  const burst = () => {
    for (let made = 0; made < 20; made++) net.connect(port, '127.0.0.1').on('error', () => undefined);
  };
  setInterval(burst, 100);
  process.stdout.write('ready\n');
}

function deaf(port) {
  const server = require('node:net').createServer();
  server.listen({ port, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, 'ready\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}

function flood(port) {
  const socket = require('node:dgram').createSocket('udp4');
  const burst = () => {
    for (let sent = 0; sent < 20; sent++) socket.send('x'.repeat(1000), port, to, () => undefined);
  };
  socket.bind(0, from, () => {
    setInterval(burst, 100);
    process.stdout.write('ready\n');
  });
}

function mute(port) {
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4096 });
  socket.bind(port, '127.0.0.1', () => {
    require('node:fs').writeSync(1, 'ready\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}

async function announce(requests) {
  const dgram = require('node:dgram');
  let refused = 0;
  const one = (port) =>
    new Promise((resolve) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(port, '127.0.0.1', () =>
        socket.send('\0\x01file\0octet\0', 69, '127.0.0.1', (error) => {
          if (error?.code === 'EPERM') refused += 1;
          socket.close(resolve);
        }),
      );
    });
  for (let port = 10_000; port < 10_000 + requests; port += 100)
    await Promise.all(Array.from({ length: Math.min(100, 10_000 + requests - port) }, (_, at) => one(port + at)));
  process.stdout.write(`${refused}\n`);
}
