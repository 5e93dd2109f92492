{# Parts that the templates of DenseSynapses share: where things lie in memory, and which thread does what. #}
{% from 'kernels.cu' import launch_kernel %}

{# Where element (_entry_idx, _row, _col) lies in each kind of storage (see _STORAGE in dense.py). #}
{% macro indices(n_pre, n_post) -%}
const size_t _idx = _row*{{n_post}} + _col;
            const size_t _post_major_idx = _col*{{n_pre}} + _row;
            {{entry_indices(n_pre, n_post)}}
{%- endmacro %}
{% macro entry_indices(n_pre, n_post) -%}
const size_t _entry_matrix_idx = _entry_idx*{{n_pre*n_post}} + _idx;
            const size_t _entry_post_major_idx = _entry_idx*{{n_pre*n_post}} + _post_major_idx;
            const size_t _vectorisation_idx = _idx;
{%- endmacro %}

{# Code on the whole matrix. A thread owns what its code adds to, and adds in order: no addition is atomic, and sums are #}
{# the same in every run. `code` comes from `split`; `active`: statements that leave a truth value in `_active`. #}
{% macro _skip(active) %}
{% if active %}
            {
                {{active|autoindent}}
                if (!_active)
                    continue;
            }
{% endif %}
{% endmacro %}

{# A thread owns a synapse ... #}
{% macro own_synapse(n_pre, n_post) %}
    const size_t _row = blockIdx.y*blockDim.y + threadIdx.y;
    const size_t _col = blockIdx.x*blockDim.x + threadIdx.x;
    if (_row >= {{n_pre}} || _col >= {{n_post}})
        return;
    const size_t _idx = _row*{{n_post}} + _col;
    const size_t _post_major_idx = _col*{{n_pre}} + _row;
{% endmacro %}

{# ... of all entries, in a register. #}
{% macro over_entries(code, active, n_pre, n_post, entries) %}
        {{code.before|autoindent}}
        for (size_t _entry_idx = 0; _entry_idx < {{entries}}; _entry_idx++)
        {
            const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
            const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
            {{_skip(active)}}
            {{entry_indices(n_pre, n_post)}}
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
{% endmacro %}

{# A thread owns a column, or a row, of one entry; `serial`: of all, because they change the same synapses. #}
{% macro over_line(code, active, by, n_pre, n_post, batch, serial) %}
{% set own, other = ('col', 'row') if by == 'columns' else ('row', 'col') %}
{% set n = {'row': n_pre, 'col': n_post} %}
{% set neuron = {'row': '_presynaptic_idx', 'col': '_postsynaptic_idx'} %}
    const size_t _{{own}} = blockIdx.x*blockDim.x + threadIdx.x;
    if (_{{own}} >= {{n[own]}})
        return;
    {% if serial %}
    for (size_t _entry_idx = 0; _entry_idx < {{batch}}; _entry_idx++)
    {% else %}
    const size_t _entry_idx = blockIdx.y;
    {% endif %}
    {
        const size_t {{neuron[own]}} = _entry_idx*{{n[own]}} + _{{own}};
        {{code.before|autoindent}}
        for (size_t _{{other}} = 0; _{{other}} < {{n[other]}}; _{{other}}++)
        {
            const size_t {{neuron[other]}} = _entry_idx*{{n[other]}} + _{{other}};
            {{_skip(active)}}
            {{indices(n_pre, n_post)}}
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
    }
{% endmacro %}

{% macro launch_lines(codeobj_name, n_own, entries, commits) %}
{% set threads = [32*((n_own + 31)//32), 128]|min %}
{% set grid = 'dim3(%d, %d)'|format((n_own + threads - 1)//threads, entries) %}
{{launch_kernel(codeobj_name, grid, threads, commits)}}
{% endmacro %}

{# A block of `width` columns and `height` rows. #}
{% macro launch_synapses(codeobj_name, n_pre, n_post, width, height, commits) %}
{% set grid = 'dim3(%d, %d)'|format((n_post + width - 1)//width, (n_pre + height - 1)//height) %}
{{launch_kernel(codeobj_name, grid, 'dim3(%d, %d)'|format(width, height), commits)}}
{% endmacro %}
