<?php
// What PHP finds in documents that the tests wrote: for test_php.py. A line of base64 in, a line of JSON out: the document as
// PHP serialises it again (base64), and its leaves as [steps, value] pairs. A string that is a document itself is opened, as
// WordPress' maybe_unserialize does. No class is known here: objects tell their name and their properties' plain names.

function walk($value, array $steps, array &$into): void {
    if (is_string($value) && preg_match('/^(?:[aO]:\d+:|N;)/', $value)) $value = unserialize($value, ['allowed_classes' => false]);
    if (is_object($value)) {
        $plain = [];
        foreach ((array) $value as $name => $one) $plain[preg_replace('/^\0[^\0]+\0/', '', (string) $name)] = $one;
        $value = $plain;
    }
    if (is_array($value)) {
        if (!$value) $into[] = [$steps, ['container', '']];
        foreach ($value as $key => $one) walk($one, [...$steps, [gettype($key), base64_encode((string) $key)]], $into);
        return;
    }
    $into[] = [$steps, match (true) {
        is_string($value) => ['string', base64_encode($value)],
        is_float($value) => ['float', bin2hex(pack('E', $value))],
        is_int($value) => ['int', (string) $value],
        is_bool($value) => ['bool', $value ? '1' : ''],
        default => ['null', ''],
    }];
}

while (($line = fgets(STDIN)) !== false) {
    $value = unserialize(base64_decode(trim($line), true), ['allowed_classes' => false]);
    $found = [];
    walk($value, [], $found);
    echo json_encode(['again' => base64_encode(serialize($value)), 'leaves' => $found]), "\n";
}
