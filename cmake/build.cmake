# causeway_build: what every target of ours compiles with. Warnings are errors; the include root is the repository.
add_library(causeway_build INTERFACE)
target_include_directories(causeway_build INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>)
target_compile_options(causeway_build INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wnull-dereference -Werror
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wno-null-dereference -Wno-maybe-uninitialized
      -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread>)
target_compile_options(causeway_build INTERFACE -fstack-protector-strong -fno-plt -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_link_options(causeway_build INTERFACE -Wl,-z,relro,-z,now)
if(CAUSEWAY_SANITIZE)
    target_compile_options(causeway_build INTERFACE -fsanitize=${CAUSEWAY_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    target_link_options(causeway_build INTERFACE -fsanitize=${CAUSEWAY_SANITIZE})
    if(CAUSEWAY_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(causeway_build INTERFACE -Wno-tsan)
    endif()
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        target_compile_options(causeway_build INTERFACE -fno-sanitize=function)
    endif()
else()
    target_compile_options(causeway_build INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
option(CAUSEWAY_HARDEN "indirect branches and shadow stack (CET), stack clash protection: what packages are built with" OFF)
if(CAUSEWAY_HARDEN)
    target_compile_options(causeway_build INTERFACE -fcf-protection=full -fstack-clash-protection)
endif()
if(CAUSEWAY_FUZZ)
    target_compile_options(causeway_build INTERFACE -fsanitize=fuzzer-no-link)  # coverage inside the libraries
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(causeway_build INTERFACE _GLIBCXX_ASSERTIONS)
endif()

# causeway_library(name sources...): one static library of ours, with the precompiled standard headers.
function(causeway_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PUBLIC causeway_build)
    target_precompile_headers(${name} PRIVATE <algorithm> <array> <charconv> <cstdint> <functional> <map> <memory>
        <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
endfunction()

# causeway_test(name [SLOW] sources...): one doctest program, one ctest entry of the same name.
function(causeway_test name)
    cmake_parse_arguments(arg "SLOW" "" "" ${ARGN})
    if(NOT TARGET doctest_main)
        # without the precompiled doctest.h, which would hide the implementation
        add_library(doctest_main STATIC ${PROJECT_SOURCE_DIR}/tests/support/doctest_main.cpp)
        target_link_libraries(doctest_main PUBLIC causeway_build doctest_headers)
    endif()
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE doctest_main)
    target_precompile_headers(${name} PRIVATE <doctest/doctest.h> <string> <string_view> <vector> <memory> <optional>)
    add_test(NAME ${name} COMMAND ${name} --minimal WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    if(arg_SLOW)
        set_tests_properties(${name} PROPERTIES LABELS slow TIMEOUT 3600)
    endif()
endfunction()

# causeway_embed(target symbol header files...): the files' bytes as constexpr data, generated at build time by tools/embed.py.
# `header` is the include path; it declares `std::span<const EmbeddedFile> symbol()` in namespace causeway::embedded.
function(causeway_embed target symbol header)
    set(out ${PROJECT_BINARY_DIR}/generated/${header})
    string(REGEX REPLACE "\\.hpp$" ".cpp" out_cpp ${out})
    add_custom_command(OUTPUT ${out} ${out_cpp}
        COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/embed.py ${symbol} ${header} ${out} ${out_cpp} ${PROJECT_SOURCE_DIR} ${ARGN}
        DEPENDS ${PROJECT_SOURCE_DIR}/tools/embed.py ${ARGN} VERBATIM)
    target_sources(${target} PRIVATE ${out_cpp} ${out})
endfunction()

# causeway_fuzz(fuzz_<thing> LIBRARIES libs...): tests/fuzz/fuzz_<thing>.cpp with LLVMFuzzerTestOneInput. Under the fuzz preset a
# libFuzzer program and a 20 s smoke (slow); under the others a program that replays tests/fuzz/seeds/<thing>/ as a ctest.
function(causeway_fuzz name)
    cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
    string(REGEX REPLACE "^fuzz_" "" thing ${name})
    set(seeds ${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/${thing})
    if(CAUSEWAY_FUZZ)
        add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}.cpp)
        target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_test(NAME ${name} COMMAND ${name} -max_total_time=20 -rss_limit_mb=2048 -print_final_stats=1 -runs=-1
                 ${PROJECT_BINARY_DIR}/corpus/${thing} ${seeds})
        file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/corpus/${thing})
        set_tests_properties(${name} PROPERTIES LABELS slow TIMEOUT 120)
    else()
        add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}.cpp ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
        add_test(NAME ${name} COMMAND ${name} ${seeds})
        set_tests_properties(${name} PROPERTIES TIMEOUT 120)
    endif()
    target_link_libraries(${name} PRIVATE causeway_build ${arg_LIBRARIES})
endfunction()

# causeway_bench(bench_<question> LIBRARIES libs...): tests/bench/bench_<question>.cpp, Google Benchmark.
function(causeway_bench name)
    cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
    add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/bench/${name}.cpp)
    target_link_libraries(${name} PRIVATE causeway_build benchmark::benchmark benchmark::benchmark_main ${arg_LIBRARIES})
endfunction()

# causeway_compile_fail(name source regex): the source compiles as it is, and does not with MUST_NOT_COMPILE defined, for a reason
# that the regex matches. A ctest compile_fail_<name>, which needs the generated headers: build hl7v2 and fhir before.
function(causeway_compile_fail name source regex)
    add_test(NAME compile_fail_${name} COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER}
        -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/${source} -DREGEX=${regex}
        -DROOT=${PROJECT_SOURCE_DIR} -DGENERATED=${PROJECT_BINARY_DIR}/generated
        -P ${PROJECT_SOURCE_DIR}/cmake/compile_fail.cmake)
    set_tests_properties(compile_fail_${name} PROPERTIES TIMEOUT 120)
endfunction()
