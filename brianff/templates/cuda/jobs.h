// Lets one process of a compiled network do one run after the other, as asked for on its standard input.
//
// A GPU context takes longer to make than many a run.  Requests are lines of fields, separated by tabs:
//     reset                every array back to its initial values
//     set NAME FILE        an array from a file
//     fill NAME HEX        every element of an array from the bytes of one
//     run                  simulate; answered when the run is over
//     get NAME FILE        an array into a file; answered
#ifndef BRIANFF_JOBS_H
#define BRIANFF_JOBS_H

#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include "brianlib/cuda_utils.h"

namespace brianff {

class Jobs
{
    struct Array
    {
        char* device;
        size_t bytes, element;
        char* initial;  // NULL: need not be reset
    };
    std::map<std::string, Array> arrays;

    void fail(const std::string& what)
    {
        std::cout << "brianff error: " << what << std::endl;
        std::exit(1);
    }

    Array& find(const std::string& name)
    {
        std::map<std::string, Array>::iterator found = arrays.find(name);
        if (found == arrays.end())
            fail("there is no array '" + name + "'");
        return found->second;
    }

    void to_device(const Array& array, const std::vector<char>& values)
    {
        CUDA_SAFE_CALL(cudaMemcpy(array.device, values.data(), array.bytes, cudaMemcpyHostToDevice));
    }

    void set(const std::string& name, const std::string& path)
    {
        Array& array = find(name);
        std::vector<char> values(array.bytes);
        std::ifstream file(path.c_str(), std::ios::binary);
        if (!file.read(values.data(), array.bytes) || file.peek() != EOF)
            fail(path + " has not the " + std::to_string(array.bytes) + " bytes of '" + name + "'");
        to_device(array, values);
    }

    void fill(const std::string& name, const std::string& digits)
    {
        Array& array = find(name);
        std::vector<char> values(array.bytes);
        if (digits.size() != 2*array.element)
            fail("an element of '" + name + "' has " + std::to_string(array.element) + " bytes");
        for (size_t k = 0; k < array.element; k++)
            values[k] = (char)std::stoi(digits.substr(2*k, 2), 0, 16);
        for (size_t k = array.element; k < array.bytes; k++)
            values[k] = values[k - array.element];
        to_device(array, values);
    }

    void get(const std::string& name, const std::string& path)
    {
        Array& array = find(name);
        std::vector<char> values(array.bytes);
        CUDA_SAFE_CALL(cudaMemcpy(values.data(), array.device, array.bytes, cudaMemcpyDeviceToHost));
        std::ofstream file(path.c_str(), std::ios::binary);
        file.write(values.data(), array.bytes);
        file.close();
        if (!file)
            fail("could not write " + path);
    }

public:
    // An array as it is now, after everything that happens once.
    void add(const std::string& name, void* device, size_t n, size_t element, bool reset)
    {
        Array array = {(char*)device, n*element, element, NULL};
        if (reset)
        {
            CUDA_SAFE_CALL(cudaMalloc((void**)&array.initial, array.bytes));
            CUDA_SAFE_CALL(cudaMemcpy(array.initial, device, array.bytes, cudaMemcpyDeviceToDevice));
        }
        arrays[name] = array;
    }

    // Does what is asked for, up to the next run; false if there is none.
    bool next()
    {
        std::string line;
        while (std::getline(std::cin, line))
        {
            std::vector<std::string> fields;
            std::string field;
            std::istringstream parts(line);
            while (std::getline(parts, field, '\t'))
                fields.push_back(field);
            if (fields.size() == 1 && fields[0] == "run")
                return true;
            else if (fields.size() == 1 && fields[0] == "reset")
            {
                for (std::map<std::string, Array>::iterator a = arrays.begin(); a != arrays.end(); a++)
                    if (a->second.initial)
                        CUDA_SAFE_CALL(cudaMemcpy(
                            a->second.device, a->second.initial, a->second.bytes, cudaMemcpyDeviceToDevice));
            }
            else if (fields.size() == 3 && fields[0] == "set")
                set(fields[1], fields[2]);
            else if (fields.size() == 3 && fields[0] == "fill")
                fill(fields[1], fields[2]);
            else if (fields.size() == 3 && fields[0] == "get")
            {
                get(fields[1], fields[2]);
                done();
            }
            else
                fail("request not understood: " + line);
        }
        return false;
    }

    void done()
    {
        std::cout << "brianff done" << std::endl;
    }
};

}

#endif
