{# A loop in strips, for each of which the lines of the cache that are needed some time later are asked for: the       #}
{# processor looks less far ahead than memory takes, and many lines at once would be in each other's way. Strips of 32: #}
{# loops of up to 16 are unrolled by GCC, and no longer vectorised. `later`: pointers that the index is added to.       #}
{% macro in_strips(index, begin, end, later, write=0) -%}
size_t _first_of_strip = {{begin}};
for (; _first_of_strip + 32 <= {{end}}; _first_of_strip += 32)
{
    {% for pointer in later %}
    for (size_t _byte = 0; _byte < 32*sizeof(*({{pointer}})); _byte += 64)
        __builtin_prefetch((const char*)({{pointer}} + _first_of_strip) + _byte, {{write}});
    {% endfor %}
    #pragma GCC ivdep
    for (size_t _of_these = 0; _of_these < 32; _of_these++)
    {
        const size_t {{index}} = _first_of_strip + _of_these;
        {{caller()}}
    }
}
#pragma GCC ivdep
for (size_t {{index}} = _first_of_strip; {{index}} < {{end}}; {{index}}++)
{
    {{caller()}}
}
{%- endmacro %}
