{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; then code that runs once for each synapse. #}
{# A thread owns a synapse: it sums over the entries in their order, in a register, and no addition is atomic. Where the #}
{# code writes to the target's variables it owns a column of one entry (of all, if it writes to the matrix as well). #}
{% extends 'batch_group.cu' %}
{% from 'dense_indices.cu' import indices %}

{% macro _conditions(scalar) %}
    bool _due = true;
    {% if has_condition %}
    {
        {{scalar['condition']|autoindent}}
        _due = _update_now;
    }
    {% endif %}
    {% if has_then %}
    bool _then_due = _due;
    {% if has_then_condition %}
    {
        {{scalar['then_condition']|autoindent}}
        _then_due = _then_now;
    }
    {% endif %}
    if (!_due && !_then_due)
        return;
    {% else %}
    if (!_due)
        return;
    {% endif %}
{% endmacro %}

{% block kernels %}
{% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
{% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
{% set same = ['_postsynaptic_idx', '_entry_idx'] if columns else ['_idx', '_post_major_idx'] %}
{% set code = split(after_scalars(vector['update'], scalar['update']), same) %}
__global__ void
_run_kernel_{{codeobj_name}}(
    %KERNEL_PARAMETERS%
    )
{
    using namespace brian;

    ///// KERNEL_CONSTANTS /////
    %KERNEL_CONSTANTS%

    ///// kernel_lines /////
    {{kernel_lines|autoindent}}

    const size_t _vectorisation_idx = -1;
    {{_conditions(scalar)}}
    {% if columns %}
    const size_t _col = blockIdx.x*blockDim.x + threadIdx.x;
    if (_col >= {{n_post}})
        return;
    {{without_writes(scalar['update'])|autoindent}}
    {% if has_rows %}
    {{scalar['rows']|autoindent}}
    {% endif %}
    {% if serial %}
    for (size_t _entry_idx = 0; _entry_idx < {{batch}}; _entry_idx++)
    {% else %}
    const size_t _entry_idx = blockIdx.y;
    {% endif %}
    {
        const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
        {{code.before|autoindent}}
        for (size_t _row = 0; _row < {{n_pre}}; _row++)
        {
            const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
            {{indices(n_pre, n_post)}}
            {% if has_rows %}
            {
                {{vector['rows']|autoindent}}
                if (!_row_active)
                    continue;
            }
            {% endif %}
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
    }
    {% else %}
    const size_t _row = blockIdx.y*blockDim.y + threadIdx.y;
    const size_t _col = blockIdx.x*blockDim.x + threadIdx.x;
    if (_row >= {{n_pre}} || _col >= {{n_post}})
        return;
    const size_t _idx = _row*{{n_post}} + _col;
    const size_t _post_major_idx = _col*{{n_pre}} + _row;
    if (_due)
    {
        {{without_writes(scalar['update'])|autoindent}}
        {% if has_rows %}
        {{scalar['rows']|autoindent}}
        {% endif %}
        {{code.before|autoindent}}
        {% if per_entry %}
        for (size_t _entry_idx = 0; _entry_idx < {{batch}}; _entry_idx++)
        {% else %}
        const size_t _entry_idx = 0;
        {% endif %}
        {
            const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
            {% if has_rows %}
            {
                {{vector['rows']|autoindent}}
                if (!_row_active)
                    continue;
            }
            {% endif %}
            const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
            const size_t _entry_matrix_idx = _entry_idx*{{n_pre*n_post}} + _idx;
            const size_t _entry_post_major_idx = _entry_idx*{{n_pre*n_post}} + _post_major_idx;
            const size_t _vectorisation_idx = _idx;
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
    }
    {% if has_then %}
    if (_then_due)
    {
        {{without_writes(scalar['then'])|autoindent}}
        const size_t _entry_idx = 0;
        {
            {{indices(n_pre, n_post)}}
            {{after_scalars(vector['then'], scalar['then'])|autoindent}}
        }
    }
    {% endif %}
    {% endif %}
}

{% if writes(scalar_code) %}
__global__ void
_commit_{{codeobj_name}}(
    %KERNEL_PARAMETERS%
    )
{
    using namespace brian;
    %KERNEL_CONSTANTS%
    {{kernel_lines|autoindent}}
    const size_t _vectorisation_idx = -1;
    {{_conditions(scalar)}}
    if (_due)
    {
        {{scalar['update']|autoindent}}
    }
    {% if has_then %}
    if (_then_due)
    {
        {{scalar['then']|autoindent}}
    }
    {% endif %}
}
{% endif %}
{% endblock %}

{% block launch %}
    {% if columns %}
    {% set threads = [32*((n_post + 31)//32), 128]|min %}
    const dim3 _grid({{(n_post + threads - 1)//threads}}, {{1 if serial else batch}}), _block({{threads}});
    {% else %}
    {% set width = 32 if n_post > 16 else 16 if n_post > 8 else 8 if n_post > 4 else 4 if n_post > 1 else 1 %}
    {% set height = 256//width %}
    const dim3 _grid({{(n_post + width - 1)//width}}, {{(n_pre + height - 1)//height}}), _block({{width}}, {{height}});
    {% endif %}
    _run_kernel_{{codeobj_name}}<<<_grid, _block>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_run_kernel_{{codeobj_name}}");
    {% if writes(scalar_code) %}
    _commit_{{codeobj_name}}<<<1, 1>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_commit_{{codeobj_name}}");
    {% endif %}
{% endblock %}
