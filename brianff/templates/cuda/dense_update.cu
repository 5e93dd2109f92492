{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; then code that runs once for each synapse. #}
{# A thread owns a synapse: it sums over the entries in their order, in a register, and no addition is atomic. #}
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
{% set code = split(after_scalars(vector['update'], scalar['update']), ['_idx', '_post_major_idx']) %}
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
{% set columns = 32 if n_post > 16 else 16 if n_post > 8 else 8 if n_post > 4 else 4 if n_post > 1 else 1 %}
{% set rows = 256//columns %}
    _run_kernel_{{codeobj_name}}<<<dim3({{(n_post + columns - 1)//columns}}, {{(n_pre + rows - 1)//rows}}), dim3({{columns}}, {{rows}})>>>(
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
