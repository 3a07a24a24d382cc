// Real packets on loopback. `udp N PORT`: one datagram each to N ports from PORT on, replied to by nobody. `tcp N`: N connections,
// which the kernel calls ASSURED and does not evict, held until stdin ends.

const [, , protocol, count, firstPort] = process.argv;

if (protocol === 'udp') udp(Number(count), Number(firstPort));
else tcp(Number(count));

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
