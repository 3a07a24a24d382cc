// Real packets. `udp N PORT`: one datagram each to N ports of loopback from PORT on, without replies. `tcp N`: N
// connections on loopback, which the kernel marks ASSURED and does not evict, held until stdin ends. `spray`: datagrams
// to changing ports of loopback, some 20 000 per second, endlessly. `syn N`: N connections from 203.0.113.9 to
// 203.0.113.1, port 443.

const [, , kind, count, firstPort] = process.argv;

const kinds = { udp, tcp, spray, syn };
kinds[kind](Number(count), Number(firstPort));

function udp(datagrams, first) {
  const socket = require('node:dgram').createSocket('udp4');
  let left = datagrams;
  // A full table refuses the packet with EPERM: that is a lost packet, not an error here.
  const sent = () => {
    left -= 1;
    if (left === 0) socket.close();
  };
  socket.bind(() => {
    for (let port = first; port < first + datagrams; port++) socket.send('x', port, '127.0.0.1', sent);
  });
}

function tcp(connections) {
  const net = require('node:net');
  let left = connections;
  const connected = () => {
    left -= 1;
    if (left === 0) process.stdout.write('ready\n');
  };
  const server = net.createServer().listen(0, '127.0.0.1', connections, () => {
    for (let made = 0; made < connections; made++) net.connect(server.address().port, '127.0.0.1', connected);
  });
  process.stdin.resume().on('end', () => process.exit());
}

function spray() {
  const socket = require('node:dgram').createSocket('udp4');
  let port = 10_000;
  const burst = () => {
    for (let sent = 0; sent < 200; sent++) {
      port = port === 60_000 ? 10_000 : port + 1;
      socket.send('x', port, '127.0.0.1', () => undefined);
    }
  };
  socket.bind(() => {
    setInterval(burst, 10);
    process.stdout.write('ready\n');
  });
}

function syn(connections) {
  const net = require('node:net');
  const where = { host: '203.0.113.1', port: 443, localAddress: '203.0.113.9' };
  for (let made = 0; made < connections; made++) net.connect(where).on('error', () => undefined);
  setTimeout(() => process.stdout.write('ready\n'), 300);
}
