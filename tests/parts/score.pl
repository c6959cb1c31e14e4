# Scores the mails in the files named on the command line; prints one JSON object a line, in their order.
# API: Mail::SpamAssassin, Mail::SpamAssassin::PerMsgStatus.
use strict;
use warnings;
use JSON::PP;
use Mail::SpamAssassin;

my ($rules, $site, $home, @files) = @ARGV;
my $filter = Mail::SpamAssassin->new({
    rules_filename       => $rules,
    site_rules_filename  => $site,
    userprefs_filename   => "$home/user_prefs",
    userstate_dir        => $home,
    home_dir_for_helpers => $home,
    dont_copy_prefs      => 1,
    local_tests_only     => 1,
});
my $json = JSON::PP->new->canonical->ascii;
for my $file (@files) {
    open my $input, '<:raw', $file or die "$file: $!";
    my $mail = $filter->parse(do { local $/; <$input> });
    my $status = $filter->check($mail);
    my %hits = map { $_ => 0 + ($status->{conf}{scores}{$_} // 1) } split /,/, $status->get_names_of_tests_hit();
    print $json->encode({ score => 0 + $status->get_score(), hits => \%hits }), "\n";
    $status->finish();
    $mail->finish();
}
