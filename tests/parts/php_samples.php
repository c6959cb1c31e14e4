<?php
// Values of every kind, as PHP itself serialises them, beside what PHP says they are: for test_php.py.
// One line of JSON a sample: its name, how it is stored, the bytes (base64), and its leaves as [steps, value] pairs.

class Ancestor { private $secret = 'of the ancestor'; private $own = 'ancestor'; protected $kept = [1, 'two' => 2.5]; }
class Item extends Ancestor {
    private $secret = 'of the item';
    protected $state = true;
    public $open = null;
    public ?Item $self = null;
    public $empty = '';
}
enum Suit: string { case Hearts = 'H'; case Spades = 'S'; }
class Magic {
    public function __construct(private array $inner) {}
    public function __serialize(): array { return ['inner' => $this->inner, 3 => 'three']; }
    public function __unserialize(array $data): void { $this->inner = $data['inner']; }
}
class Custom implements Serializable {
    public function __construct(public $held) {}
    public function serialize() { return serialize([1, $this->held, 'x;}"']); }
    public function unserialize($data) { $this->held = unserialize($data)[1]; }
}
class Sleepy { public $kept = 'kept'; public $lost = 'lost'; private $hidden = [7]; public function __sleep() { return ['kept', 'hidden']; } }

ob_start(); // no session starts once something was written

// Every leaf below $value as the reader should find it. Private names without their class; an ancestor's only where
// the class has none of that name. Strings as base64, floats as hex of their eight bytes: nothing is lost on the way.
function leaves($value, array $steps, int $depth, array &$into): void {
    if ($depth > 7) return;
    if ($value instanceof Custom || $value instanceof UnitEnum) { $into[] = [$steps, ['container', '']]; return; }
    if ($value instanceof Magic || $value instanceof ArrayObject) $value = $value->__serialize();
    if (is_object($value)) {
        $names = $value instanceof Sleepy ? array_flip(['kept', 'hidden']) : null;
        $plain = [];
        foreach ((array) $value as $name => $one) {
            $name = (string) $name;
            $class = null;
            if ($name !== '' && $name[0] === "\0") { [, $class, $name] = explode("\0", $name, 3); }
            if ($names !== null && !isset($names[$name])) continue;
            $far = $class !== null && $class !== '*' && $class !== get_class($value);
            if ($far && array_key_exists($name, $plain)) continue;
            $plain[$name] = $one;
        }
        $value = $plain;
    }
    if (is_array($value)) {
        if (!$value) $into[] = [$steps, ['container', '']];
        foreach ($value as $key => $one) leaves($one, [...$steps, base64_encode((string) $key)], $depth + 1, $into);
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

function tell(string $name, string $stored, string $bytes, $value): void {
    $found = [];
    leaves($value, [], 0, $found);
    echo json_encode(['name' => $name, 'stored' => $stored, 'bytes' => base64_encode($bytes), 'leaves' => $found]), "\n";
}

$samples = [];
$samples['scalars'] = ['null' => null, 'yes' => true, 'no' => false, 'zero' => 0, 'minus' => -7, 'max' => PHP_INT_MAX,
    'min' => PHP_INT_MIN, 'empty' => '', 'quotes' => "a\";s:1:\"b", 'nul' => "\0\x01\xff", 'ä€😀' => 'Größe 😀', 5 => 'five',
    '05' => 'text key', -3 => 'minus', '' => 'empty key', 'a.b "c" | * @' => 'odd key'];
$samples['floats'] = [0.1, -0.0, 0.0, 1e25, 1.5e-10, 19.99, 1/3, PHP_FLOAT_MAX, PHP_FLOAT_MIN, 4.9e-324, INF, -INF, NAN, 100000.0];
$samples['nested'] = ['a' => ['b' => ['c' => ['d' => [1, [2, [3]]]]]], 'list' => range(1, 30), 'none' => []];
$item = new Item; $item->self = $item;
$samples['objects'] = ['item' => $item, 'std' => (object) ['x' => 1, '5' => 'five', 'nested' => (object) []], 'again' => $item,
    'sleepy' => new Sleepy, 'magic' => new Magic(['k' => 'v']), 'behind' => 'end'];
$samples['enums'] = ['first' => Suit::Hearts, 'same' => Suit::Hearts, 'other' => Suit::Spades, 'end' => 1];
$shared = (object) ['v' => 'shared'];
$number = 5; $list = ['x' => ['y' => 'deep']];
$samples['references'] = ['one' => $shared, 'two' => $shared, 'three' => [$shared, $shared]];
$samples['references']['r1'] = &$number; $samples['references']['r2'] = &$number;
$samples['references']['l1'] = &$list; $samples['references']['l2'] = &$list; $samples['references']['l3'] = &$list['x'];
$samples['references']['end'] = 'end';
$loop = ['name' => 'loop']; $loop['again'] = &$loop;
$samples['loop'] = $loop;
$before = (object) ['v' => 'before'];
$samples['custom'] = ['before' => $before, 'custom' => new Custom([1, 2]), 'ref' => $before, 'end' => 'end'];
$samples['spl'] = ['array' => new ArrayObject(['a' => 1, 'b' => [2]]), 'end' => 'end'];
foreach ($samples as $name => $value) {
    tell($name, 'php', serialize($value), $value);
    foreach (['zlib' => 'gzcompress', 'zlib ' => 'gzencode', 'deflate' => 'gzdeflate'] as $codec => $pack)
        tell("$name by $pack", trim($codec), $pack(serialize($value)), $value);
    tell("$name by base64_encode", 'base64', base64_encode(serialize($value)), $value);
}
ini_set('serialize_precision', '17');
tell('floats with 17 digits', 'php', serialize($samples['floats']), $samples['floats']);
ini_set('serialize_precision', '100');
tell('floats with 100 digits', 'php', serialize($samples['floats']), $samples['floats']);
ini_set('serialize_precision', '-1');
$plain = $samples['scalars']; $plain['nul'] = 'JSON has text only';
tell('json', 'json', json_encode($plain), $plain);
tell('json in plain letters', 'json', json_encode($samples['nested'], JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT), $samples['nested']);

ini_set('session.use_cookies', '0'); ini_set('session.save_path', sys_get_temp_dir()); ini_set('session.cache_limiter', '');
foreach (['php' => 'php-session', 'php_serialize' => 'php'] as $handler => $stored) {
    ini_set('session.serialize_handler', $handler);
    session_start();
    $_SESSION = ['cart' => [12 => ['qty' => 1, 'price' => 9.5]], 'umlaut ä' => 'ö|ü', 'user' => $shared, 'same' => $shared, 'nothing' => null];
    $_SESSION['n1'] = &$number; $_SESSION['n2'] = &$number;
    tell("session of $handler", $stored, session_encode(), $_SESSION);
    session_destroy();
}
