{# Code on all connections of each batch entry where it names neurons, otherwise once for each kernel element; then code #}
{# that runs once for each kernel element. #}
{# A thread owns a kernel element, of all positions and entries, or where the code writes to the target's variables, a #}
{# target neuron. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'batch_group.cu' %}
{% from 'conditions.cu' import commit_scalars, when_due %}
{% from 'convolution_parts.cu' import field, places %}
{% from 'kernels.cu' import kernel_head, launch_kernel %}

{% block kernels %}
{% set of = _convolution %}
{% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
{% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
{% set code = split(after_scalars(vector['update'], scalar['update']), ['_postsynaptic_idx', '_entry_idx'] if _columns else ['_idx']) %}
{% set skip = ['{'] + vector['rows'] + ['if (!_row_active)', '    continue;', '}'] if _has_rows else [] %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}
    const size_t _thread = blockIdx.x*blockDim.x + threadIdx.x;
    if (_thread >= {{of.n_post if _columns else of.n_elements}})
        return;
    if (_due)
    {
    {% if _has_rows %}
    {{scalar['rows']|autoindent}}
    {% endif %}
    {
    {{without_writes(scalar['update'])|autoindent}}
    {% if _columns %}
    {{places(of)}}
    const size_t _entry_idx = blockIdx.y;
    const size_t _col = _thread;
    const size_t _postsynaptic_idx = _entry_idx*{{of.n_post}} + _col;
    {{code.before|autoindent}}
    {{field(of, skip + code.inside, False)}}
    {{code.after|autoindent}}
    {% elif _per_entry %}
    const int _columns[] = { {{of.columns|join(', ')}} };
    const size_t _idx = _thread;
    const int _out = _idx % {{of.channels_post}};
    const int _kx = _columns[_idx / {{of.channels_post}} % {{of.size}}];
    const int _ky = _idx / {{of.channels_post*of.size}} % {{of.size}};
    const int _in = _idx / {{of.channels_post*of.size*of.size}};
    {{code.before|autoindent}}
    for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
    for (int _row_post = 0; _row_post < {{of.height_post}}; _row_post++)
    for (int _column_post = 0; _column_post < {{of.width_post}}; _column_post++)
    {
        const int _y = _row_post*{{of.stride}} - {{of.padding}} + _ky;
        const int _x = _column_post*{{of.stride}} - {{of.padding}} + _kx;
        if (_y < 0 || _y >= {{of.height_pre}} || _x < 0 || _x >= {{of.width_pre}})
            continue;
        const size_t _row = (_y*{{of.width_pre}} + _x)*{{of.channels_pre}} + _in;
        const size_t _col = (_row_post*{{of.width_post}} + _column_post)*{{of.channels_post}} + _out;
        const size_t _presynaptic_idx = _entry_idx*{{of.n_pre}} + _row;
        const size_t _postsynaptic_idx = _entry_idx*{{of.n_post}} + _col;
        const size_t _vectorisation_idx = _idx;
        {{(skip + code.inside)|autoindent}}
    }
    {{code.after|autoindent}}
    {% else %}
    const size_t _entry_idx = 0;
    const size_t _idx = _thread;
    {{(code.before + code.inside + code.after)|autoindent}}
    {% endif %}
    }
    }
    {% if _has_then %}
    if (_then_due)
    {
        {{without_writes(scalar['then'])|autoindent}}
        const size_t _entry_idx = 0;
        const size_t _idx = _thread;
        {{after_scalars(vector['then'], scalar['then'])|autoindent}}
    }
    {% endif %}
}

{% if writes(scalar_code) %}
{{kernel_head('_commit', codeobj_name, kernel_lines)}}
    {{commit_scalars(scalar, _has_condition, _has_then, _has_then_condition)}}
}
{% endif %}
{% endblock %}

{% block launch %}
{% set n = _convolution.n_post if _columns else _convolution.n_elements %}
{% set threads = [32*((n + 31)//32), 128]|min %}
{{launch_kernel(codeobj_name, 'dim3(%d, %d)'|format((n + threads - 1)//threads, _batch if _columns else 1), threads, writes(scalar_code))}}
{% endblock %}
