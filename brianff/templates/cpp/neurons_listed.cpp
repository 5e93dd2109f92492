{# Spikes of a block of neurons, bits of a number, onto the list; these begin with number `first`. #}
{# Whether there is one, or a second, no processor foresees: both are written, and count if they are there. #}
{% macro listed(first) -%}
{% set _eventspace = get_array_name(eventspace_variable) %}
for (int _brianff_twice = 0; _brianff_twice < 2; _brianff_twice++)
{
    {{_eventspace}}[_brianff_count] = {{first}} + __builtin_ctzll(_brianff_spikes);
    _brianff_count += _brianff_spikes != 0;
    _brianff_spikes &= _brianff_spikes - 1;
}
for (; __builtin_expect(_brianff_spikes != 0, 0); _brianff_spikes &= _brianff_spikes - 1)
    {{_eventspace}}[_brianff_count++] = {{first}} + __builtin_ctzll(_brianff_spikes);
{%- endmacro %}
