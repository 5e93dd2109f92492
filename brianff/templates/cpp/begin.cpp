{# One process becomes many, which from now on share their arrays. #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    if (!brianff::begun)
    {
        {% for variable in _shared %}
        brianff::share((void**)&{{get_array_name(variable, access_data=False)}}, {{variable.size}} * sizeof(*{{get_array_name(variable, access_data=False)}}));
        {% endfor %}
        brianff::begin();
    }
{% endblock %}
