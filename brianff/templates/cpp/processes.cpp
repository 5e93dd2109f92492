{# Loops that several processes share out among them, see `brianff.network.processes`. #}
{# Over the entries of the batch: every process has its own. #}
{% macro own_entries() -%}
{% if _processes %}
for (size_t _entry_idx = brianff::first({{_batch}}); _entry_idx < brianff::last({{_batch}}); _entry_idx++)
{%- else %}
for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
{%- endif %}
{%- endmacro %}
{# The same, where what is shared out is something else, or nothing. #}
{% macro entries(shared_out) -%}
{% if shared_out == 'entries' %}{{own_entries()}}{% else %}
for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
{%- endif %}
{%- endmacro %}
{# Over the rows of the matrix. #}
{% macro rows(shared_out) -%}
{% if _processes and shared_out == 'rows' %}
for (size_t _row = brianff::first({{_n_pre}}); _row < brianff::last({{_n_pre}}); _row++)
{%- else %}
for (size_t _row = 0; _row < {{_n_pre}}; _row++)
{%- endif %}
{%- endmacro %}
{# Blocks of 16 rows, _first_row to _last_row, each to whoever is ready for it: once between `together` and `together`. #}
{% macro blocks_of_rows(shared_out) -%}
{% if _processes and shared_out == 'rows' %}
for (size_t _first_row; (_first_row = brianff::next_rows(16, {{_n_pre}})) < {{_n_pre}};)
{%- else %}
for (size_t _first_row = 0; _first_row < {{_n_pre}}; _first_row += 16)
{%- endif %}
{%- endmacro %}
{# Before and after what reads all entries: all processes have come so far. #}
{% macro together(shared_out) -%}
{% if _processes and shared_out != 'entries' %}
brianff::wait();
{%- endif %}
{%- endmacro %}
{# What the first process does alone, between the two. #}
{% macro alone(shared_out) -%}
{% if _processes and shared_out == 'nothing' %}
if (brianff::process == 0)
{%- endif %}
{%- endmacro %}
