# Third-party libraries, all from Debian 12. Each is an imported (SYSTEM) target; none is built here.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)                       # headers: asio, beast, system, url
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_library(PUGIXML_LIBRARY pugixml REQUIRED)

add_library(boost_headers INTERFACE)
target_link_libraries(boost_headers INTERFACE Boost::headers)

add_library(rapidjson_headers INTERFACE)
find_path(RAPIDJSON_INCLUDE rapidjson/reader.h REQUIRED)
target_include_directories(rapidjson_headers SYSTEM INTERFACE ${RAPIDJSON_INCLUDE})

add_library(doctest_headers INTERFACE)
find_path(DOCTEST_INCLUDE doctest/doctest.h REQUIRED)
target_include_directories(doctest_headers SYSTEM INTERFACE ${DOCTEST_INCLUDE})

add_library(tomlplusplus_headers INTERFACE)
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
target_include_directories(tomlplusplus_headers SYSTEM INTERFACE ${TOMLPLUSPLUS_INCLUDE})

add_library(pugixml_library INTERFACE)
target_link_libraries(pugixml_library INTERFACE ${PUGIXML_LIBRARY})
