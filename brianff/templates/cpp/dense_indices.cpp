{# Where element (_entry_idx, _row, _col) lies in each kind of storage (see _STORAGE in dense.py). #}
{% macro indices(n_pre, n_post) -%}
const size_t _idx = _row*{{n_post}} + _col;
            const size_t _post_major_idx = _col*{{n_pre}} + _row;
            const size_t _entry_matrix_idx = _entry_idx*{{n_pre*n_post}} + _idx;
            const size_t _entry_post_major_idx = _entry_idx*{{n_pre*n_post}} + _post_major_idx;
            const size_t _vectorisation_idx = _idx;
{%- endmacro %}
{# The same for a synapse by its number (see dense_views.py). #}
{% macro synapse(n_pre, n_post, number) -%}
const size_t _number = {{number}};
            const size_t _entry_idx = _number/{{n_pre*n_post}};
            const size_t _row = _number%{{n_pre*n_post}}/{{n_post}};
            const size_t _col = _number%{{n_post}};
            const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
            const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
            {{indices(n_pre, n_post)}}
{%- endmacro %}
