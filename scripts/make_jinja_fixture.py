"""Writes test/fixtures/jinja.json: what transformers' template environment writes for expressions of every kind that
Jinja and Python have: filters, tests, globals, statements, operators, methods of values, literals, errors.

    python scripts/make_jinja_fixture.py

Needs transformers and jinja2 (versions are written into the file).
"""

import json
import os

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template

TARGET = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "jinja.json")

# Read as JSON on both sides.
VARIABLES = """{"n": null, "t": true, "f": false, "i": 7, "big": 123456789012345678901234567890, "x": 50.0, "small": 1e-07,
"large": 1e16, "zero": -0.0, "s": "it's a \\"dog\\"", "html": "<b>a & b</b>", "lines": "one\\ntwo\\r\\nthree\\u2028four", "words": "The quick-brown fox_jumps",
"uni": "\\u00e9\\ud83d\\ude00\\u4e2d\\u0130\\u00df", "empty": "", "list": [3, 1, 2], "mixed": [1, "a", null, true, 2.5, [1], {"k": "v"}],
"names": ["bob", "Al", "carl", "al"], "people": [{"name": "Bob", "age": 30, "at": {"city": "Rome"}}, {"name": "al", "age": 25, "at": {"city": "Oslo"}}, {"name": "Cy", "age": 30, "at": {"city": "rome"}}],
"dict": {"b": 1, "10": 2, "2": 3, "A": 4}, "nested": {"items": [1, 2], "keys": "k", "a": {"b": {"c": 5}}}, "nums": [1, 2, 3, 4, 5, 6], "floats": [1.5, 2.0, -3.25]}"""

METHOD_TEXTS = ["s", "uni", "words", "empty", "'ǆ ﬁne ΑΣ ΑΣ.'", "'²½a1'", "'  x  '", "'HELLO wORLD'", "'١٢'", "'a\\tb'"]

GROUPS = {
    "literals": """1|1_000|0x1F|0b101|0o17|1e3|1.5e-7|1E5|12.25|1_0.5_0|00|'a' 'b'|"\\x41\\u00e9\\n"|'\\d\\''|'\\101'|[]|[1,]|()|(1,)|(1, 2)|1, 2|{}|{'a': 1,}|{1: 2, 'x': [1]}|{1: 'a', True: 'b', 1.0: 'c'}|true, True, false, none, None|[1, [2, (3,)], {'k': none}]
        123456789012345678901234567890|1.0|1e16|1e15|123456789.123456789|1e22|1e-5|0.0001|1.7976931348623157e308|1e400|-1e400""",
    "operators": """1 + 2|1 + 2.0|'a' + 'b'|[1] + [2]|(1,) + (2,)|'a' + 1|1 + 'a'|[1] + (2,)|n + 1|u + 1|1 + u|'a' + u|u + 'a'|[1] + u|5 - 7|5 - 2.5|'a' - 'b'|true + true|3 * 4|'ab' * 3|3 * 'ab'|'ab' * -1|[1, 2] * 2|2 * (1,)|'a' * 2.0|'a' * true
        7 / 2|6 / 3|7 // 2|-7 // 2|7 // -2|7.5 // 2|-7.5 // 2|7 % 3|-7 % 3|7 % -3|-7.5 % 2|7.5 % -2|5 % 0|5 / 0|5 // 0|5.0 / 0|5.0 % 0|2 ** 10|2 ** -1|2 ** 0.5|(-2) ** 3|-2 ** 2|0 ** -1|2 ** 3 ** 2|10 ** 30|10 ** 20 // 3|10 ** 20 / 10 ** 19|1 / 3|big + 1|big * big|big % 97|big / 7|big // 7|-big // 7
        1 ~ 2|'a' ~ none ~ 1.0|u ~ 'x'|[1] ~ {}|1 == 1.0|1 == true|'1' == 1|[1, 2] == [1, 2]|[1] == (1,)|{'a': 1} == {'a': 1.0}|none == none|u == u2|u == none|u != 1|1 < 2|1 < 2.5|'a' < 'b'|'a' < 'B'|[1, 2] < [1, 3]|[1] < [1, 0]|(1, 'a') < (1, 'b')|1 < 'a'|none < 1|u < 1|1 < 2 < 3|1 < 3 < 2|1 == 1 == true|3 > 2 >= 2|'\\uffff' < '\\U0001F600'
        'a' in 'abc'|'' in 'abc'|1 in [1, 2]|1.0 in [1]|'a' in {'a': 1}|1 in {1.0: 2}|'x' not in 'abc'|none in [none]|1 in 'abc'|'a' in u|u in [u]|u in 'a'|1 in 5|'a' in none|[1] in {}|(1, 2) in [(1, 2)]|not 1|not ''|not u|not [0]|-5|-x|+5|-'a'|--5|- u|1 and 2|0 and 2|'' or 'b'|u or 'd'|1 or u.x|none and u.x|not 1 == 2|1 if t else 2|1 if f else 2|(1 if f) is defined|1 if f|'x' if 1 else u.x|1 if f else 2 if f else 3
        9007199254740993|9007199254740993 + 0|9007199254740993 == 9007199254740992.0|9007199254740993.0|1e16 + 1|0.1 + 0.2|1.0 * 3|3 - 0.0|-0.0|0.0 * -1|2 ** 0|5 // 2.0|1e308 * 10|-x % 7|t + 1|t * 2.5|- t|t ~ f|x|small|large|zero|big|i""",
    "subscripts": """list[0]|list[-1]|list[5]|list[5] is defined|list['x']|list[1.0]|list[t]|s[0]|uni[1]|uni[-1]|uni[9]|dict['b']|dict.b|dict['10']|dict[10]|dict.zz|dict['zz'] is defined|nested.items|nested['items']|nested.keys|nested.a.b.c|nested.a.z|nested.a.z.y|u.x|u['x']|n.x|n['x']|i.x|(1, 2)[0]|{1: 'a'}[1.0]|{1: 'a'}[true]|{none: 1}[none]|dict[u]|dict[u] is defined|dict[list]|dict[list] is defined|dict[(1, 2)]|list.0|'abc'.1
        list[1:]|list[:1]|list[::-1]|list[-2:]|list[::2]|list[5:]|list[10:1]|list[1:2:1]|s[2:5]|uni[1:3]|uni[::-1]|uni[::2]|(1, 2, 3)[1:]|list[::0]|list[:'a']|list[none:2]|dict[1:]|5[1:]|u[1:]|range(10)[2:5]|range(10)[::3]|range(5)[1]|range(5)[-1]|range(3)[7] is defined|people[0]['name']|people[0].at.city|(people|first).name|list.append|list.append(1)|dict.update|dict.pop('a')|dict.clear()|s.__class__|s.__class__ is defined|''.__class__.__mro__|list.__len__|{}.__init__|5 .real|x.real|dict.get|range|namespace|dict.items() | list
        dict.keys()|dict.values()|dict.items()|dict.keys() | list|dict.items() | length|dict.items() | first|dict.keys()[0]|dict.keys()[0] is defined|mixed[6].k|mixed[5][0]""",
    "calls": """range(3) | list|range(1, 4) | list|range(5, 0, -2) | list|range(0)|range(3)|range(1, 9, 3)|range(100000) | length|range(100001)|range(1.5)|range('a')|range(1, 2, 0)|range()|range(1,2,3,4)|range(-5) | list|3 in range(5)|7 in range(5)|range(3) == range(3)|dict(a=1, b=2)|dict()|dict({'a': 1}, b=2)|dict([('a', 1), ['b', 2]])|dict.fromkeys|namespace(a=1).a|namespace({'a': 1}).a|namespace().x|namespace(a=1)|namespace(_a=1)|namespace(a=1)._a
        joiner('-')|cycler('a', 'b').next()|cycler().next()|cycler('a').current|lipsum is defined|raise_exception('no')|raise_exception('no', 1)|range(*[1, 3]) | list|dict(**{'a': 1})|dict(*[{'a': 1}], **{'b': 2})|dict(**[1])|s.upper(1)|s.upper(*[])|5()|u()|n()|'a'()|s.nothing()|dict.get()|dict.get('b')|dict.get('z')|dict.get('z', 5)|dict.get('z', default=5)|dict.copy()|{}.fromkeys(['a', 'b'], 1)|{}.fromkeys('ab')|list.index(1)|list.index(9)|list.index(2, 1)|list.count(1)|list.copy()|(1, 2, 1).count(1)|(1, 2).index(2)|(1, 2).index(5)
        [true].index(1)|i.bit_length()|(-8).bit_length()|i.bit_count()|i.numerator|i.denominator|i.imag|i.conjugate()|i.as_integer_ratio()|x.is_integer()|(1.5).is_integer()|(0.75).as_integer_ratio()|x.hex()|(0.1).hex()|(-2.5).hex()|x.conjugate()|x.imag|t.real|t.numerator|range(9).start|range(1, 9, 2).step|range(9).stop|range(5).index(3)|range(5).count(3)|range(5).index(9)""",
    "format": """'%s' % 1|'%s %s' % (1, 'a')|'%d' % 3.9|'%d' % 'a'|'%5d|%-5d|%05d|%+d|% d' % (1, 2, 3, 4, 5)|'%x %X %o %#x %#o' % (255, 255, 8, 255, 8)|'%e %E %f %F %g %G' % (1.5, 1.5, 1.5, 1.5, 1.5, 1.5)|'%.2f' % 2.675|'%.0f' % 2.5|'%10.3f|%-10.3f|%010.3f' % (3.14159, 3.14159, -3.14159)|'%g' % 1e-5|'%g' % 123456789|'%#g' % 1.0|'%c%c' % ('a', 98)|'%r %a' % ('é', 'é')|'%5s|%-5s|%.2s' % ('ab', 'ab', 'abcd')|'%%' % ()|'100%' % ()|'%z' % 1|'%' % 1|'%s' % ()|'%s' % (1, 2)|'a' % 1|'a' % ()|'%(a)s %(b)d' % {'a': 1, 'b': 2}|'%(z)s' % {'a': 1}|'%(a)s' % 1|'%*d' % (5, 1)|'%.*f' % (2, 1.5)|'%s' % [1, 2]|'%s' % ([1, 2],)|'%s' % none|'%s' % u|'%d' % u|'%d' % true|'%d' % big|'%f' % 1e20|'%s' % {'a': 1}|'a' % {'a': 1}|'a' % [1]|'%i %u' % (1, 2)|'%.3d' % 5|'%x' % 1.5|'%x' % -255
        '{}'.format(1)|'{} {}'.format(1, 'a')|'{1} {0}'.format('a', 'b')|'{a} {b}'.format(a=1, b=none)|'{0.name}'.format('a')|'{0[name]}'.format(people[0])|'{0.name}'.format(people[0])|'{p[at][city]}'.format(p=people[0])|'{0[0]}'.format(list)|'{{}}'.format()|'{{{}}}'.format(1)|'{!r} {!s} {!a}'.format('é', 'é', 'é')|'{:5}|{:<5}|{:>5}|{:^5}'.format('a', 'b', 'c', 'd')|'{:5}|{:<5}|{:^5}|{:=5}'.format(1, 2, 3, -4)|'{:*^9}'.format('mid')|'{:+d} {: d} {:-d}'.format(1, 2, 3)|'{:b} {:o} {:x} {:X} {:#x} {:#b}'.format(5, 8, 255, 255, 255, 5)|'{:,} {:_} {:,.2f}'.format(1234567, 1234567, 1234567.891)|'{:08.3f}|{:+.1e}|{:%}|{:.1%}'.format(3.14159, 12345.678, 0.5, 0.256)|'{:g} {:g} {:g}'.format(1e-5, 100000.0, 1e6)|'{:n}'.format(12345)|'{:c}'.format(65)|'{:.3}'.format('abcdef')|'{:.3}'.format(3.14159)|'{:.3}'.format(1234.5)|'{:.1}'.format(100.0)|'{:e}'.format(0.0)|'{:}'.format(x)|'{:5}'.format(true)|'{:d}'.format(true)|'{:d}'.format(1.5)|'{:s}'.format(1)|'{:d}'.format('a')|'{:5}'.format(none)|'{}'.format(none)|'{:5}'.format([1])|'{:{w}}'.format('a', w=4)|'{:{}}'.format('a', 4)|'{:{}.{}}'.format(3.14159, 8, 3)
        '{}'.format()|'{a}'.format()|'{} {0}'.format(1)|'{0} {}'.format(1)|'{'.format()|'}'.format()|'{0'.format(1)|'{!x}'.format(1)|'{!}'.format(1)|'{:z}'.format(1)|'{0.__class__}'.format(1)|'{0.upper}'.format('a') is string|'{a}'.format_map({'a': 1})|'{}'.format_map({'a': 1})|'{a}'.format_map(a=1)|'{:010,}'.format(1234)|'{:06,d}'.format(1)|'{:_x}'.format(65535)|'{:#X}'.format(255)|'{:.0f} {:.0f} {:.0f}'.format(0.5, 1.5, 2.5)|'{:.10f}'.format(0.1)|'{:.20f}'.format(0.1)|'{:f}'.format(1e22)|'{:.2e}'.format(123456)|'{:E}'.format(0.00012)|'{:G}'.format(1e-10)|'{:,}'.format(-1234567.5)|'{:>+8.2f}'.format(3.14159)|'{:<08d}'.format(5)|'{:x<5}'.format(1)|'{:5}'.format(u)|'{}'.format(u)|"{}".format(x)|'{:,}'.format('a')|'{:+}'.format('a')
        1e400 | string|'{:f}'.format(large * 1e300)|'%f' % (large * -1e300)|'{:.1f}'.format(large * 1e300 - large * 1e300)|'{:05}'.format(large * -1e300)|'{:,}'.format(large * 1e300)|'%5.1f' % (large * 1e300)|'{:z.1f} {:z.1f}'.format(-0.01, -0.0)|'{:z}'.format(1.5)""",
    "filters": """-5 | abs|-2.5 | abs|true | abs|'a' | abs|u | abs|dict | attr('b')|dict | attr('items') is callable|s | attr('upper') is callable|s | attr('__class__')|u | attr('x')|i | attr('real')|nums | batch(4) | list|nums | batch(4, 'x') | list|nums | batch(0) | list|'abcde' | batch(2) | list|nums | batch(2.0) | list|'hELLO wORLD' | capitalize|'ßa' | capitalize|5 | capitalize|'ab' | center(6) ~ '|'|'ab' | center(7) ~ '|'|'ab' | center | length|list | count|u | count|5 | count|s | count|dict | count|u | default|u | default('d')|u | d(5)|'' | default('d')|'' | default('d', true)|none | default('d')|none | default('d', boolean=true)|0 | default(1, true)|u | default(default_value='q')
        dict | dictsort|dict | dictsort(true)|dict | dictsort(by='value')|dict | dictsort(false, 'value', true)|dict | dictsort(by='x')|{1: 2, 'a': 3} | dictsort|list | dictsort|u | dictsort|html | e|html | escape|5 | e|none | e|html | e | e|html | forceescape|html | e | forceescape|1 | filesizeformat|0 | filesizeformat|999 | filesizeformat|1000 | filesizeformat|1234567 | filesizeformat|1234567 | filesizeformat(true)|1024 | filesizeformat(true)|1e30 | filesizeformat|'13' | filesizeformat|-5 | filesizeformat|list | first|'' | first|'' | first is defined|uni | first|dict | first|u | first|5 | first|list | last|uni | last|dict | last|[] | last is defined|u | last|nums | select | last|range(4) | last
        '3.5' | float|'x' | float|'x' | float(1.5)|'1e3' | float|' 1_0.5 ' | float|'inf' | float|'nan' | float|none | float|[] | float|u | float|true | float|'١' | float|big | float|5 | float|'%s-%d' | format('a', 3)|'%(a)s' | format(a=1)|'%s' | format(1, a=2)|'%s' | format|people | groupby('age')|people | groupby('at.city')|people | groupby('at.city', case_sensitive=true)|(people | groupby('age') | first).grouper|(people | groupby('age') | first).list | length|people | groupby('zz', default=1)|[{'a': 1}, {'a': 'x'}] | groupby('a')|[[1, 2], [1, 3]] | groupby(0)|people | map(attribute='name') | groupby(0)
        lines | indent|lines | indent(2, true)|'a\\n\\nb' | indent(2)|'a\\n\\nb' | indent(2, blank=true)|'a\\nb' | indent('> ')|'a\\nb\\n' | indent|'' | indent(first=true)|5 | indent|u | indent|'42' | int|'42.9' | int|'x' | int|'x' | int(-1)|'1f' | int(base=16)|'0x1f' | int(0, 16)|'0b11' | int(0, 2)|'0o17' | int(0, 0)|'1f' | int(7)|3.9 | int|-3.9 | int|none | int|[] | int|u | int|' 5 ' | int|'1_000' | int|'١٢' | int|true | int|large * 1e300 | int|'1e400' | int|'nan' | int|'zz' | int(base=36)|'5' | int(base=1)|'12345678901234567890' | int|'12.9' | int(base=16)|dict | items | list|u | items | list|list | items | list|5 | items
        list | join|list | join(', ')|people | join('-', attribute='name')|people | join(attribute='at.city')|mixed | join('|')|'abc' | join('-')|dict | join(',')|[] | join('x')|u | join|5 | join|[1, u, none] | join(',')|list | join(5)|list | length|uni | length|u | length|none | length|5 | length|nums | map('string') | length|range(5) | length|'abc' | list|dict | list|u | list|5 | list|(1, 2) | list|uni | list|range(3) | list|'ÀB' | lower|5.5 | lower|none | lower|'ΑΣ' | lower|'İ' | lower
        names | map('upper') | list|people | map(attribute='name') | list|people | map(attribute='zz') | list|people | map(attribute='zz', default='q') | list|people | map(attribute='at.city') | join(',')|nums | map('string') | join|[] | map('upper') | list|u | map('upper') | list|names | map | list|names | map('nosuch') | list|names | map('replace', 'a', 'b') | list|[[1, 2], [3]] | map('first') | list|[[1, 2], [3]] | map(attribute=0) | list|names | map('default', 'x') | list|[' a '] | map('trim') | list|nums | map('round', 1) | list|people | map(attribute='name', x=1) | list|nums | map('int', base=2) | list
        list | min|list | max|names | min|names | max|names | max(case_sensitive=true)|people | min(attribute='age')|[] | min is defined|[] | max|u | max|['b', 'A', 'a'] | min|['b', 'A', 'a'] | min(true)|[1, 'a'] | max|5 | max|[1, 2.5, true] | max|[1, 1.0] | max|mixed | pprint|dict | pprint|'a' | pprint|people | selectattr('age', 'gt', 26) | map(attribute='name') | list|people | rejectattr('age', 'equalto', 30) | list|people | selectattr('zz') | list|people | selectattr('name') | list | length|people | selectattr('at.city', 'eq', 'Rome') | list | length|people | selectattr | list|people | selectattr('age', 'in', [25]) | list | length|people | selectattr('zz', 'undefined') | list | length|people | selectattr('zz', 'defined') | list|people | selectattr('name', 'nosuch') | list
        nums | select('odd') | list|nums | reject('odd') | list|nums | select('divisibleby', 3) | list|mixed | select | list|mixed | reject | list|mixed | select('string') | list|nums | select('gt', 3) | list|nums | select('>', 3) | list|u | select | list|5 | select | list|nums | select('in', [1, 9]) | list|'abc' | replace('b', 'x')|'aaa' | replace('a', 'b', 2)|'aaa' | replace('a', 'b', count=1)|'abc' | replace('', '-')|5 | replace(5, 6)|none | replace('None', 'x')|'a' | replace('a')|list | reverse | list|'abc' | reverse|uni | reverse|dict | reverse | list|(1, 2) | reverse | list|nums | select('odd') | reverse|5 | reverse|u | reverse|range(3) | reverse | list|dict.items() | reverse | list
        2.5 | round|3.5 | round|-2.5 | round|2.675 | round(2)|1234.5 | round(-2)|5 | round|5 | round(2)|15 | round(-1)|25 | round(-1)|42.55 | round(1, 'floor')|42.55 | round(1, 'ceil')|42.55 | round(method='ceil')|5 | round(method='floor')|42.5 | round(1, 'x')|'a' | round|u | round|true | round|1e400 | round|2.5 | round | int|0.5 | round|1.005 | round(2)|5.015 | round(2)|1e22 | round(2)|'<b>' | safe|5 | safe|('<b>' | safe) ~ '<i>'|('<b>' | safe) + '<i>'|'<i>' + ('<b>' | safe)|('<b>' | safe) * 2|('%s' | safe) % '<'|('%(a)s' | safe) % {'a': '<'}|('{}' | safe).format('<')|('{a!r}' | safe).format(a='<')|[('<b>' | safe)]|('<B>' | safe).lower()|('a,b' | safe).split(',')|('a<' | safe).replace('a', '<')|('<' | safe).join(['<', 'a'])|('<a>' | safe)[0]|('<a>' | safe)[1:]|('a' | safe) == 'a'|('a' | safe) in ['a']|('a' | safe).center(5, '<')|('<b>' | safe) is escaped|('<b>' | safe) is string|('a' | safe) | upper|('<b>' | safe) | string|('<b>' | safe) | list|('<b>' | safe) | e|('<b>' | safe) | trim('<')|{('a' | safe): 1}['a']|('<b>&amp;</b>' | safe).striptags()|('&lt;' | safe).unescape()|('a' | safe).escape('<')|('a%s' | safe) % 1|('%d' | safe) % 5|('%r' | safe) % '<'|('%s' | safe) % ('<' | safe)|('%s%s' | safe) % ('<', 1)|('a' | safe) + 5
        nums | slice(4) | list|nums | slice(4, 'x') | list|nums | slice(2.0) | list|nums | slice(0) | list|list | sort|list | sort(true)|names | sort|names | sort(case_sensitive=true)|people | sort(attribute='age') | map(attribute='name') | list|people | sort(attribute='age,name') | map(attribute='name') | list|people | sort(true, attribute='age') | map(attribute='name') | list|people | sort|[1, 'a'] | sort|'bca' | sort|dict | sort|u | sort|[2, 1.5, true] | sort|[[2], [1, 5]] | sort|(3, 1) | sort|5 | string|none | string|x | string|mixed | string|u | string|html | striptags|'a <!-- c --> b' | striptags|'<p>a  &amp; b</p>\\n<p>c' | striptags|'a &lt;b&gt; &#39;&#x27;' | striptags|'a < b' | striptags|nums | sum|floats | sum|[] | sum|people | sum(attribute='age')|nums | sum(start=10)|[[1], [2]] | sum(start=[])|names | sum|names | sum(start='')|[1, u] | sum|[true, 2.5] | sum
        'hello wORLD-foo_bar 1a' | title|"it's (a) [b] {c} <d>" | title|'ǆa ßb' | title|5 | title|'  x  ' | trim ~ '|'|'xxaxx' | trim('x')|none | trim|'foo bar baz qux' | truncate(9)|'foo bar baz qux' | truncate(9, true)|'foo bar baz qux' | truncate(11)|'foo bar baz qux' | truncate(11, false, '...', 0)|'foo' | truncate(2)|'foobarbaz' | truncate(5, leeway=0)|'foobarbaz' | truncate(5, end='', leeway=0)|u | truncate|5 | truncate|uni | truncate(4, true, '.', 0)|names | unique | list|names | unique(true) | list|people | unique(attribute='age') | map(attribute='name') | list|[1, 1.0, true, '1'] | unique | list|[[1]] | unique | list|u | unique | list|'aAb' | unique | list|'ab é' | upper|'ﬁß' | upper|5 | upper
        'a b/ç&?' | urlencode|{'a b': 'ç/', 'd': 1} | urlencode|[('a', 1), ('b c', '/')] | urlencode|5 | urlencode|none | urlencode|u | urlencode|'~_-.!*()' | urlencode|'see http://example.com/a_b, www.x.org. and me@x.org (https://y.io/z)' | urlize|'http://example.com/very/long/path' | urlize(15)|'x http://a.com' | urlize(nofollow=true, target='_blank', rel='me')|'a <b> & mailto:x@y.org' | urlize|'tel:123 ftp://x' | urlize(extra_schemes=['tel:'])|'x' | urlize(extra_schemes=['a b'])|'example.com test.xyz 1.2.3.4 http://1.2.3.4:80/' | urlize|'the quick, brown fox\\'s' | wordcount|'' | wordcount|'a_b é-中' | wordcount|5 | wordcount
        'the quick brown fox jumps over' | wordwrap(10)|'abcdefghijkl mn' | wordwrap(5)|'abcdefghijkl mn' | wordwrap(5, false)|'well-known long-winded' | wordwrap(8)|'well-known long-winded' | wordwrap(8, break_on_hyphens=false)|'a b\\nc d e f' | wordwrap(3, wrapstring='|')|'' | wordwrap(5)|'a' | wordwrap(0)|'one  two   three' | wordwrap(5)|'a--b foo--bar' | wordwrap(4)|'  lead ing' | wordwrap(4)|u | wordwrap|{'class': 'a b', 'id': 5, 'x': none, 'y': u, 'z': '<'} | xmlattr|{'a': 1} | xmlattr(false)|{} | xmlattr|{'a b': 1} | xmlattr|{1: 2} | xmlattr|list | xmlattr
        mixed | tojson|dict | tojson|dict | tojson(indent=2)|mixed | tojson(indent=1)|dict | tojson(sort_keys=true)|dict | tojson(separators=(',', ':'))|dict | tojson(separators=[',', ':'])|dict | tojson(indent='\\t')|uni | tojson|uni | tojson(ensure_ascii=true)|html | tojson|s | tojson|x | tojson|small | tojson|large | tojson|big | tojson|1e400 | tojson|u | tojson|none | tojson|true | tojson|(1, 2) | tojson|{1: 2, none: 3, true: 4, 1.5: 5} | tojson|{(1, 2): 3} | tojson|range(3) | tojson|[] | tojson(indent=2)|{'a': [], 'b': {}} | tojson(indent=2)|'\\x00\\x1f\\x7f\\u2028' | tojson|'\\x7f\\u2028' | tojson(true)|dict | tojson(2)|dict | tojson(indent=0)|nums | select | tojson|('<' | safe) | tojson|{1: 1, 'a': 2} | tojson(sort_keys=true)|dict | tojson(foo=1)|s | nosuch|s | upper(1)|s | default(1, 2, 3)|lines | tojson""",
    "odd arguments": """'ab'.translate('12')|'\x00\x01'.translate('xy')|'\x00\x01\x02'.translate(['x', none])|'\x00a'.translate((65, 'y'))|'\x00'.translate([1.5])|'\x00'.translate([true])|'\x00'.translate([-1])|'\x00'.translate([1114112])|'a'.translate(5)|''.translate(5)|'a'.translate(none)|'a'.translate(u)|''.translate(u)|'a'.translate({97: 1.5})|'a'.translate({97: 98})
        5[1:]|5[i:]|5[:i] is defined|(-5)[1:]|[1, 2][:'x']|[1, 2][:s]|(1, 2)[:1.5]|{}[1:]|{'a': 1}[1:i]|(5[1:], u)|(5[1:] | default(i))|[5[1:]]|('a' | max)[:('it')[9]]|(1.5 | round)[1:]|(true | e)[::(2.5).x]|('' | batch(2))[:]|([1] | map('string'))[:]|[1, 2][::0]|1.5[1:] | default('d')|'ab'[u:]
        '%5%' % dict|'%-.%' % dict|'%.2%' % 5|'%*%' % (5, 6)|'%%' % ()|'%(b)%' % dict|'%l%' % 1|'%#.1%' % ()|range(5).index()|range(5).index(2, 3)|range(5).count()|range(5).count(9)|range(5).index(9)|'a' | attr(5)|'a' | attr(none)|dict | attr(dict)|'a' | attr(u)|'a\\nb'.splitlines(1)|'a\\nb'.splitlines(2.0)|'a\\nb'.splitlines('x')|'a\\nb'.splitlines(none)|'a\\nb'.splitlines(u)
        list | sort(1)|list | sort('x')|list | sort(none)|list | sort(u)|list | sort(reverse=2.0)|dict | dictsort(reverse=1)|dict | dictsort(reverse='x')|dict({}['x'])|dict(u)|dict(u, a=1)|namespace(u)|'a' % u|'%%' % u|'%s' % u|'a' % list|'a' % dict|'a' % (1,)|'a' % 'b'|'a' % range(2)
        list | truncate|dict | truncate(5)|(1, 2) | truncate|mixed | truncate(3, leeway=0)|mixed | truncate(4, leeway=0)|5 | truncate|none | truncate|range(3) | truncate|'a b' | urlize('x')|'www.foo.org' | urlize('x')|'a' | urlize([])|'www.foo.org' | urlize(5.5)|'www.foo.org' | urlize(true)
        html | wordwrap(2)|html | wordwrap(1)|"{'b': 1, 'a': 'x'}" | wordwrap(5)|uni ~ ' ' ~ dict | wordwrap(5)|'ab cdefghij k' | wordwrap(3)|'ab cdefghij k' | wordwrap(3, false)|'ab  cde' | wordwrap(4)|'ab-cdef ghi-jklm' | wordwrap(3)|'ab-cdef ghi-jklm' | wordwrap(6)|'a b' | wordwrap('x')""",
    "tests": """3 is odd|4 is odd|2.0 is even|'a' is odd|6 is divisibleby 3|6 is divisibleby(4)|6 is divisibleby 0|x is defined|u is defined|u is undefined|u.x is defined|nested.zz is defined|'upper' is filter|'zz' is filter|5 is filter|list is filter|'odd' is test|'zz' is test|n is none|u is none|t is boolean|1 is boolean|f is false|0 is false|t is true|1 is true|1 is integer|t is integer|1.0 is integer|1.0 is float|1 is float|'abc' is lower|'aBc' is lower|'1' is lower|'ABC' is upper|'' is upper|5 is lower|s is string|5 is string|dict is mapping|list is mapping|1 is number|t is number|x is number|s is number|list is sequence|s is sequence|dict is sequence|5 is sequence|u is sequence|(nums | select) is sequence|range(3) is sequence|dict.items() is sequence|list is iterable|5 is iterable|u is iterable|s is iterable|n is iterable|(nums | select) is iterable|range is callable|s is callable|s.upper is callable|u is callable|n is sameas none|t is sameas true|1 is sameas true|list is sameas list|list is sameas [3, 1, 2]|1 is sameas 1.0
        html is escaped|(html | e) is escaped|1 is in [1, 2]|'a' is in 'abc'|3 is not in [1]|5 is in 5|1 is eq 1.0|1 is equalto 2|1 is ne 2|1 is == 1|1 is gt 0|1 is greaterthan 1|2 is ge 2|1 is lt 2|1 is lessthan 1|2 is le 1|1 is gt 'a'|1 is not odd|not 1 is odd|1 is odd and 2 is even|u is not defined or x|1 is nosuch|1 is odd(2)|1 is eq|5 is eq 5 if t else 6|'a' is in ['a'] | string|x is defined is true""",
}

STATEMENTS = r"""
{% for a in list %}{{ a }}{% if not loop.last %},{% endif %}{% endfor %}
{% for a in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}
{% for a in list %}{{ loop.previtem }}-{{ loop.nextitem }}{{ loop.cycle('x', 'y') }};{% endfor %}
{% for a in [1, 1, 2] %}{{ loop.changed(a) }}{% endfor %}{% for a in list %}{{ loop }}{{ loop.nosuch is defined }}{% endfor %}
{% for a in [] %}x{% else %}none{% endfor %}|{% for a in u %}x{% else %}none{% endfor %}|{% for a in list if a > 5 %}x{% else %}none{% endfor %}
{% for a in list if a > 1 %}{{ a }}{{ loop.index }}{{ loop.length }}{{ loop.last }};{% endfor %}
{% for k, v in dict.items() %}{{ k }}={{ v }};{% endfor %}|{% for k in dict %}{{ k }}{% endfor %}
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% for a, b in [1] %}{{ a }}{% endfor %}
{% for a in 5 %}{{ a }}{% endfor %}
{% for a in none %}{{ a }}{% endfor %}
{% for a in uni %}[{{ a }}]{% endfor %}
{% for loop in list %}x{% endfor %}
{% for a in list %}{% if a == 1 %}{% break %}{% endif %}{{ a }}{% endfor %}|{% for a in list %}{% if a == 1 %}{% continue %}{% endif %}{{ a }}{% else %}E{% endfor %}
{% for a in list %}{% break %}{% else %}E{% endfor %}|{% for a in list %}{% continue %}{% else %}E{% endfor %}
{% break %}
{% if t %}{% continue %}{% endif %}
{% for a in list %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
{% for a in list %}{% generation %}{% break %}{% endgeneration %}{% endfor %}
{% for a in [1, [2, [3]]] recursive %}{{ loop.depth }}{% if a is iterable %}({{ loop(a) }}){% else %}{{ a }}{% endif %}{% endfor %}
{% for a in list %}{{ loop(list) }}{% endfor %}
{% for a in list %}{% for b in list %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% for a in list %}{% set outer = loop %}{% for b in [1] %}{{ outer.index }}{% endfor %}{% endfor %}
{% set v = 1 %}{% for a in list %}{{ v }}{% set v = v + 1 %}{{ v }};{% endfor %}{{ v }}
{% set ns = namespace(v=1) %}{% for a in list %}{% set ns.v = ns.v + a %}{% endfor %}{{ ns.v }}
{% set d = {} %}{% set d.a = 1 %}
{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}
{% set ns = namespace() %}{% set ns._a = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}
{% set a, b = [1] %}
{% set t = 1, 2 %}{{ t }}{% set q = (1,) %}{{ q }}
{% set true = 1 %}
{% set a %}x{{ i }}y{% endset %}[{{ a }}]{{ a is escaped }}
{% set a | upper | replace('X', 'z') %}x{{ i }}y{% endset %}{{ a }}
{% if 1 %}a{% elif 2 %}b{% else %}c{% endif %}{% if 0 %}a{% elif 2 %}b{% else %}c{% endif %}{% if 0 %}a{% elif 0 %}b{% else %}c{% endif %}
{% if u %}a{% endif %}{% if u.x %}b{% endif %}
{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}
{% with a = 1, b = i %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with a = 1, b = a %}{{ b }}{% endwith %}
{% macro m(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(a=5, c=none) }}{{ m() }}
{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}
{% macro m(a, b=1) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{{ m }}
{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}
{% macro m(a, b=a, c) %}{% endmacro %}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body{{ i }}{% endcall %}|{% macro m2() %}{{ caller('q', 2) }}{% endmacro %}{% call(a, b=1) m2() %}{{ a }}{{ b }}{% endcall %}
{% macro m() %}{{ caller is defined }}{{ caller() }}{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}
{% call 5 %}{% endcall %}
{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * (fact(n - 1) | int) }}{% endif %}{% endmacro %}{{ fact(20) }}
{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ v }}{% endmacro %}{% set v = 5 %}{{ a() }}
{% set v = 1 %}{% macro m() %}{{ v }}{% set v = 2 %}{{ v }}{% endmacro %}{{ m() }}{{ v }}
{% macro m() %}{% for a in list %}{{ loop.index }}{% endfor %}{% endmacro %}{{ m() ~ m() }}
{% filter upper %}a{{ i }}b{% endfilter %}|{% filter replace('a', 'b') | upper %}aca{% endfilter %}
{% filter nosuch %}a{% endfilter %}
{% if f %}{{ 1 | nosuch }}{% endif %}ok
{{ 1 | nosuch if f else 2 }}
{% if t %}{{ 1 is nosuch }}{% endif %}
{% raw %}{{ x }}{% if %}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b
{% raw %}unfinished
{# a comment {{ x }} #}a{#- b -#}  c
{# unfinished
{% autoescape true %}{{ html }}{{ '<' }}{{ html | safe }}{{ '<' ~ (html | safe) }}{{ ['<', '>' | safe] | join('&') }}{% set q %}<{% endset %}{{ q }}{{ html | replace('<', '[') }}{% endautoescape %}{{ html }}
{% autoescape true %}{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m('<') }}{% filter upper %}<i>{% endfilter %}{{ {'a': '<'} | xmlattr }}{% endautoescape %}{{ m('<') }}
{% autoescape false %}{{ html }}{% endautoescape %}
{% block a %}x{{ i }}{% endblock %}|{{ self.a() }}|{% set v = 1 %}{% block b %}{{ v }}{{ super is defined }}{% endblock b %}
{% for q in list %}{% block a scoped %}{{ q }}{% endblock %}{% endfor %}|{% for q in list %}{% block b %}{{ q }}{% endblock %}{% endfor %}
{% block a %}{% endblock %}{% block a %}{% endblock %}
{% block a %}{{ super() }}{% endblock %}
{% block a required %}{% endblock %}
{{ self.zz() }}
{% print 1, 'a' %}{% print i %}
{% generation %}a{% set q = 1 %}{{ q }}{% endgeneration %}{{ q }}
{% extends 'x' %}
{% if f %}{% include 'x' %}{% endif %}ok
{% include 'x' %}
{% include 'x' ignore missing %}
{% import 'x' as y %}
{% from 'x' import y %}
{% do list %}
{% debug %}
{% trans %}a{% endtrans %}
{% nosuch %}
{% endif %}
{% if 1 %}
{% for a in list %}{% endif %}
{{ 1
{{ 1 }
{{ (1 }}
{{ 1) }}
{{ }}
{{ 1 2 }}
{{ 'a }}
{{ a b }}
{{ $ }}
{{ 1 is odd is even }}
{{ f(a=1, 2) }}
{{ f(a=1, a=2) }}
{{ {1} }}
{{ [1 2] }}
{{ x. }}
{{ '\N{BULLET}' }}
{% set %}
{% for in x %}{% endfor %}
  {% if true %}  
  a
  {% endif %}  
b
  {%+ if true %}x{% endif +%}
y
a  {%- if true -%}  b  {%- endif -%}  c
a {{- ' b ' -}} c
  {{ 1 }}
x
{% if true %}
{% endif %}
{% if true -%}
   x
{%- endif %}

y
a
   {# c #}
b
	{% set q = 1 %}	
{{ q }}

a{{ "{{" }}b{{ '}}' }}c{{ '%}' }}
{{ {'a': {'b': 1}} }}{{ {'a': {'b': {}}}}}
{%if t%}a{%endif%}{%-if t-%} b {%-endif-%}
{% for a in range(3) %}{{ a }}{% endfor %}{% for a in range(2, 0, -1) %}{{ a }}{% endfor %}
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}
{% set j = joiner(' | ') %}{{ j() }}a{{ j() }}b{{ j() }}
{% set it = nums | select('odd') %}{{ it | list }}{{ it | list }}
{% set it = nums | map('string') %}{% for a in it %}{{ a }}{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}{{ it | join }}
{{ (nums | map('string')) is defined }}{{ 'y' if (nums | select('gt', 9)) else 'n' }}
{{ list | sort | map('string') | join(',') | upper | length }}
{{ 'a' if t }}{{ 'a' if f }}{{ ('a' if f) | default('b') }}
{{ people | map(attribute='name') | map('upper') | join(', ') }}
{{ "%s" | format(x) }}{{ x ~ '' }}{{ [x, small, big] }}
{% set q = [1] %}{{ q + [2] }}{{ q }}
{% set x = 5 %}{{ x }}{% macro m(x) %}{{ x }}{% endmacro %}{{ m(6) }}{{ x }}
{{ zz is defined }}{{ none is none }}{{ None is none }}
{% set a = 1 %}{% if t %}{% set a = 2 %}{% endif %}{{ a }}
{% for a in list %}{% set z = a %}{% endfor %}{{ z is defined }}
{{ strftime_now('%%') }}{{ strftime_now('x') }}
{{ namespace is defined }}{{ dict is mapping }}
{% set ns = namespace(items=[1]) %}{{ ns.items }}{{ ns['items'] }}{{ ns.zz is defined }}
{% for m in [{'r': 'u'}, {'r': 'a'}] %}{% if (m.r == 'u') != (loop.index0 % 2 == 0) %}bad{% endif %}{{ m['r'] + '\n' }}{% endfor %}
"""


def methods():
    """Each method of str on texts of several kinds, without arguments and with."""
    plain = ["capitalize", "casefold", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
             "isprintable", "isspace", "istitle", "isupper", "lower", "lstrip", "rstrip", "strip", "swapcase", "title", "upper", "split", "rsplit", "splitlines", "expandtabs"]
    for name in plain:
        yield "{{ [" + ", ".join(f"({t}).{name}()" for t in METHOD_TEXTS) + "] }}"
    for call in """'abc'.center(9, '*')|'abc'.center(8, '*')|'ab'.center(5)|'abc'.center(2)|'a'.center(3, 'xy')|'abc'.ljust(5, '.')|'abc'.rjust(5)|'7'.zfill(3)|'-7'.zfill(4)|'+'.zfill(3)|'aXbXc'.count('X')|'aaa'.count('aa')|'abc'.count('')|'abcabc'.count('a', 1)|'abc'.endswith('c')|'abc'.endswith(('x', 'bc'))|'abc'.endswith(['c'])|'abc'.endswith('b', 0, 2)|'abc'.startswith('b', 1)|'abc'.startswith(5)|'abc'.startswith('')|uni.find('中')|'abcb'.find('b', 2)|'abc'.find('z')|'abcb'.rfind('b')|'abc'.index('c')|'abc'.index('z')|'abcb'.rindex('b')|'abc'.rindex('z')|'abc'.find('b', -2, -1)|','.join(['a', 'b'])|','.join('abc')|','.join([1])|''.join([])|'-'.join(dict)|','.join(5)|','.join(names | map('upper'))
        'a-b-c'.partition('-')|'a-b-c'.rpartition('-')|'abc'.partition('-')|'abc'.rpartition('-')|'a'.partition('')|'prefix'.removeprefix('pre')|'prefix'.removeprefix('x')|'suffix'.removesuffix('fix')|'suffix'.removesuffix('')|'aaa'.replace('a', 'b')|'aaa'.replace('a', 'b', 2)|'abc'.replace('', '-')|'abc'.replace('', '-', 2)|'abc'.replace('b')|'a b  c'.split()|'a b  c'.split(' ')|'a,b,c'.split(',', 1)|'a,b,c'.split(',', maxsplit=1)|'a,b,c'.rsplit(',', 1)|' a  b c '.split(none, 1)|' a  b c '.rsplit(none, 1)|'abc'.split('')|'aaa'.rsplit('aa')|'a\\x1cb\\u3000c'.split()|'a,b'.split(sep=',')|'abc'.split(5)|''.split()|''.split(',')|lines.splitlines()|lines.splitlines(true)|lines.splitlines(keepends=true)|'\\n'.splitlines()|'xxabcxx'.strip('x')|'xxabcxx'.lstrip('x')|'xxabcxx'.rstrip('x')|'abc'.strip('')|'abc'.strip(none)|'abc'.strip(5)|'\\ufeff a\\x85'.strip()|'xyabc'.strip('yx')|'a\\tbc\\td'.expandtabs(4)|'a\\tb'.expandtabs(tabsize=2)|'a\\tb'.expandtabs(0)|'abc'.translate({97: 'x', 98: none, 99: 100})|'abc'.translate('abc'.maketrans('ab', 'xy'))|'abc'.translate(''.maketrans({'a': 'ZZ'}))|'abc'.maketrans('ab', 'cd', 'e')|'abc'.upper().lower().title()|"it's".title()|'ΑΣ ΑΣΑ'.lower()|'a'.nosuch|s.upper|5 .upper()|list.upper()""".split("|"):
        yield "{{ " + call.strip().replace("\n        ", "") + " }}"


def split_list(text):
    """Expressions that lines and bars separate; a bar within an expression has spaces around it."""
    import re

    return [part.strip() for line in text.split("\n") for part in re.split(r"(?<! )\|(?! )", line) if part.strip()]


def split_statements():
    lines = STATEMENTS.strip("\n").split("\n")
    yield from lines
    text = "\n".join(lines)
    at = text.index("  {% if true %}  \n")
    yield text[at:text.index("\na{{ \"{{\" }}")]  # white space control over several lines


def render(template, variables):
    try:
        return dict(text=_compile_jinja_template(template).render(**variables))
    except Exception as error:
        return dict(error=type(error).__name__)


def main():
    variables = json.loads(VARIABLES)
    groups = {name: ["{{ " + e + " }}" for e in split_list(text)] for name, text in GROUPS.items()}
    groups["methods"] = list(methods())
    groups["statements"] = list(split_statements())
    cases = {name: [[t, *render(t, variables).values(), *(["error"] if "error" in render(t, variables) else [])] for t in ts] for name, ts in groups.items()}
    kinds = dict(
        filters=sorted(jinja2.defaults.DEFAULT_FILTERS), tests=sorted(jinja2.defaults.DEFAULT_TESTS),
        globals=sorted({*jinja2.defaults.DEFAULT_NAMESPACE, "raise_exception", "strftime_now"}),
        methods={t.__name__: sorted(n for n in dir(t) if not n.startswith("_")) for t in (str, list, dict, tuple, int, float, range)},
    )
    fixture = dict(made_by="scripts/make_jinja_fixture.py", versions={m.__name__: m.__version__ for m in (jinja2, transformers)},
                   variables=VARIABLES, kinds=kinds, cases=cases)
    with open(TARGET, "w") as file:
        file.write(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")).replace('],["', '],\n["') + "\n")
    print(sum(len(c) for c in cases.values()), "cases;", {k: len(v) for k, v in cases.items()})


main()
