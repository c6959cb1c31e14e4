# Verifies the DKIM signatures of the mail in the file that is named first; the second argument is a JSON object of the
# TXT records that the DNS holds. Prints one JSON string a signature: "pass", or why not.
# API: Mail::DKIM::Verifier; Mail::DKIM::DNS looks records up with the resolver that it is given.
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::Verifier;
use Net::DNS;

package Records;
sub new { my ($class, $records) = @_; return bless { records => $records }, $class }
sub errorstring { return 'NXDOMAIN' }
sub send {
    my ($self, $name, $type) = @_;
    my $packet = Net::DNS::Packet->new($name, $type);
    my $text = $self->{records}{$name} // return $packet;
    my @parts = unpack '(A250)*', $text;    # a string of the DNS holds 255 bytes
    $packet->push(answer => Net::DNS::RR->new(name => $name, type => 'TXT', ttl => 60, txtdata => \@parts));
    return $packet;
}

package main;
my ($file, $records) = @ARGV;
Mail::DKIM::DNS::resolver(Records->new(decode_json($records)));
open my $input, '<:raw', $file or die "$file: $!";
my $verifier = Mail::DKIM::Verifier->new;
$verifier->PRINT(do { local $/; <$input> });
$verifier->CLOSE;
my $json = JSON::PP->new->allow_nonref;
print $json->encode($_->result_detail), "\n" for $verifier->signatures;
