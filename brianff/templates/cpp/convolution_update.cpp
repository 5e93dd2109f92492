{# Code on all connections of each batch entry where it names neurons, otherwise once for each kernel element; then code #}
{# that runs once for each kernel element. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import when_due with context %}
{% from 'convolution_walk.cpp' import tables, walk %}
{% from 'processes.cpp' import alone, entries, together with context %}

{% macro _elements(code) %}
        const size_t _entry_idx = 0;
        #pragma GCC ivdep
        for (size_t _idx = 0; _idx < {{_convolution.n_elements}}; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{code|autoindent}}
        }
{%- endmacro %}

{% block maincode %}
    {% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
    {% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}
    {# Each piece of code has scalars of its own, under the same names: a function for each that captures them. #}
    {{together(_shared_out)}}
    {% if _per_entry %}
    {{tables(_convolution)}}
    auto _make_update = [&]()
    {
        {{scalar['update']|autoindent}}
        return [=](size_t _entry_idx, size_t _own)
        {
            const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _own;
            {{walk(_convolution, vector['update'])}}
        };
    };
    {% if _has_rows %}
    auto _make_rows = [&]()
    {
        {{scalar['rows']|autoindent}}
        return [=](size_t _entry_idx, size_t _own)
        {
            const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _own;
            const size_t _row = _own;
            const size_t _idx = 0;
            const size_t _vectorisation_idx = _idx;
            {{vector['rows']|autoindent}}
            return _row_active;
        };
    };
    {% endif %}
    if (_due)
    {
        const auto _update = _make_update();
        {% if _has_rows %}
        const auto _active = _make_rows();
        {% endif %}
        {{alone(_shared_out)}}
        {{entries(_shared_out)}}
            for (size_t _own = 0; _own < {{_n_pre}}; _own++)
                {{'if (_active(_entry_idx, _own))' if _has_rows}}
                    _update(_entry_idx, _own);
    }
    {% else %}
    if (_due)
    {
        {{scalar['update']|autoindent}}
        {{alone(_shared_out)}}
        {
        {{_elements(vector['update'])}}
        }
    }
    {% endif %}
    {% if _has_then %}
    if (_then_due)
    {
        {{scalar['then']|autoindent}}
        {{alone(_shared_out)}}
        {
        {{_elements(vector['then'])}}
        }
    }
    {% endif %}
    {{together(_shared_out)}}
{% endblock %}
