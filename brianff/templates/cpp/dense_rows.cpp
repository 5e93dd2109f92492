{# What `dense_update` is made of, where it goes along rows of the matrix. #}
{% from 'dense_indices.cpp' import indices %}
{% from 'strips.cpp' import in_strips %}
{# What `then` leaves at zero (_cleared), as an argument of what goes through some rows: in memory, or rows elsewhere. #}
{% macro declared() %}{% for variable in _cleared %}, {{c_data_type(variable.dtype)}}* __restrict {{get_array_name(variable)}}{% endfor %}{% endmacro %}
{% macro in_memory() %}{% for variable in _cleared %}, {{get_array_name(variable)}}{% endfor %}{% endmacro %}
{% macro elsewhere() %}{% for variable in _cleared %}, _rows_{{loop.index}}{% endfor %}{% endmacro %}

{# So many columns of a row, for one entry after the other: what they add up, in an array that stays in registers. #}
{% macro in_registers(size) -%}
{% set code = split(vector_code if vector_code is not mapping else vector_code['update'], ['_entry_idx', '_presynaptic_idx']) %}
{% set kept = in_array(code.inside, '_idx', '_of_these') %}
{% for variable in kept.variables %}
{{variable.type}} {{variable.name}}[{{size}}];
for (size_t _col = 0; _col < {{size}}; _col++)
    {{variable.name}}[_col] = {{variable.pointer}}[_row*{{_n_post}} + _first_col + _col];
{% endfor %}
for (size_t _nth = 0; _nth < _n; _nth++)
{
    const size_t _entry_idx = _entries[_nth];
    const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
    {{code.before|autoindent}}
    #pragma GCC ivdep
    for (size_t _of_these = 0; _of_these < {{size}}; _of_these++)
    {
        const size_t _col = _first_col + _of_these;
        const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
        {{indices(_n_pre, _n_post)}}
        {% if _partial %}
        if (!{{_present}}[_idx])
            continue;
        {% endif %}
        {{kept.lines|autoindent}}
    }
    {{code.after|autoindent}}
}
{% for variable in kept.variables %}
for (size_t _col = 0; _col < {{size}}; _col++)
    {{variable.pointer}}[_row*{{_n_post}} + _first_col + _col] = {{variable.name}}[_col];
{% endfor %}
{% endmacro %}

{# Code for each synapse of the rows _first_row to _last_row; where it goes along arrays, to be written to: another #}
{# core may have them. #}
{% macro each_synapse(lines) -%}
{% set arrays = along(lines, '_idx') %}
{% if arrays is none %}
for (size_t _row = _first_row; _row < _last_row; _row++)
#pragma GCC ivdep
for (size_t _col = 0; _col < {{_n_post}}; _col++)
{
    {{indices(_n_pre, _n_post)}}
    {{one_synapse(lines)}}
}
{% else %}
{% set later = [] %}
{% for array in arrays %}
{% set _ = later.append(array ~ ' + 2048/sizeof(*' ~ array ~ ')') %}
{% endfor %}
{% call in_strips('_idx', '_first_row*%d'|format(_n_post), '_last_row*%d'|format(_n_post), later, 1) %}
const size_t _vectorisation_idx = _idx;
{{one_synapse(lines)}}
{% endcall %}
{% endif %}
{%- endmacro %}
{% macro one_synapse(lines) -%}
{% if _partial %}
if (!{{_present}}[_idx])
    continue;
{% endif %}
{{lines|autoindent}}
{%- endmacro %}
