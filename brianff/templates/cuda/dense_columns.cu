{# Code on the columns of the matrix whose target neuron meets a condition, for each batch entry that it names. #}
{# A thread owns a synapse of all entries or, where the code writes to the source's variables, a row of one entry (of #}
{# all, if it writes to the matrix as well): no addition is atomic. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'batch_group.cu' %}
{% from 'dense_indices.cu' import indices %}
{% from 'neurons_common.cu' import kernel_head %}

{% macro _condition(scalar) %}
    {% if has_condition %}
    {
        {{scalar['condition']|autoindent}}
        if (!_update_now)
            return;
    }
    {% endif %}
{% endmacro %}

{% macro _inactive(vector) %}
{
                const size_t _idx = _col;
                const size_t _vectorisation_idx = _idx;
                {{vector['columns']|autoindent}}
                if (!_column_active)
                    continue;
            }
{%- endmacro %}

{% block kernels %}
{% set same = ['_presynaptic_idx', '_entry_idx'] if by_rows else ['_idx', '_post_major_idx'] %}
{% set code = split(after_scalars(vector_code['update'], scalar_code['update']), same) %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{_condition(scalar_code)}}
    {{scalar_code['columns']|autoindent}}
    {
    {{without_writes(scalar_code['update'])|autoindent}}
    {% if by_rows %}
    const size_t _row = blockIdx.x*blockDim.x + threadIdx.x;
    if (_row >= {{n_pre}})
        return;
    {% if serial %}
    for (size_t _entry_idx = 0; _entry_idx < {{batch}}; _entry_idx++)
    {% else %}
    const size_t _entry_idx = blockIdx.y;
    {% endif %}
    {
        const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
        {{code.before|autoindent}}
        for (size_t _col = 0; _col < {{n_post}}; _col++)
        {
            const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
            {{_inactive(vector_code)}}
            {{indices(n_pre, n_post)}}
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
    {{code.before|autoindent}}
    for (size_t _entry_idx = 0; _entry_idx < {{batch}}; _entry_idx++)
    {
        const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
        const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
        {{_inactive(vector_code)}}
        const size_t _entry_matrix_idx = _entry_idx*{{n_pre*n_post}} + _idx;
        const size_t _entry_post_major_idx = _entry_idx*{{n_pre*n_post}} + _post_major_idx;
        const size_t _vectorisation_idx = _idx;
        {{code.inside|autoindent}}
    }
    {{code.after|autoindent}}
    {% endif %}
    }
}

{% if writes(scalar_code) %}
{{kernel_head('_commit', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{_condition(scalar_code)}}
    {{scalar_code['update']|autoindent}}
}
{% endif %}
{% endblock %}

{% block launch %}
    {% if by_rows %}
    {% set threads = [32*((n_pre + 31)//32), 128]|min %}
    const dim3 _grid({{(n_pre + threads - 1)//threads}}, {{1 if serial else batch}}), _block({{threads}});
    {% else %}
    {# neighbouring threads on neighbouring rows: as post-major variables, which this is for, lie in memory #}
    const dim3 _grid({{n_post}}, {{(n_pre + 127)//128}}), _block(1, 128);
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
