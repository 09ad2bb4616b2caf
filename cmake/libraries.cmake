# Third-party libraries, all from Debian 12. Each is an imported (SYSTEM) target; none is built here, but SQLite with
# encryption where it is asked for.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)                       # headers: asio, beast, system, url
find_package(OpenSSL REQUIRED)
if(CAUSEWAY_PAGE_CODEC)
    # tools/fetch_page_codec.py: SQLite with page encryption, for this one cipher, in the place of Debian's
    add_library(sqlite_with_codec STATIC ${CAUSEWAY_PAGE_CODEC}/sqlite3.c)
    target_include_directories(sqlite_with_codec SYSTEM PUBLIC ${CAUSEWAY_PAGE_CODEC})
    target_compile_definitions(sqlite_with_codec INTERFACE CAUSEWAY_PAGE_CODEC
        PRIVATE SQLITE_THREADSAFE=1 SQLITE_ENABLE_FTS5 SQLITE_ENABLE_STAT4 SQLITE_SECURE_DELETE SQLITE_ENABLE_MATH_FUNCTIONS
            SQLITE_OMIT_LOAD_EXTENSION HAVE_CIPHER_CHACHA20=1 HAVE_CIPHER_AES_128_CBC=0 HAVE_CIPHER_AES_256_CBC=0
            HAVE_CIPHER_SQLCIPHER=0 HAVE_CIPHER_RC4=0 HAVE_CIPHER_ASCON128=0 HAVE_CIPHER_AEGIS=0)
    target_compile_options(sqlite_with_codec PRIVATE -w -O2 -fstack-protector-strong)
    target_link_libraries(sqlite_with_codec PUBLIC Threads::Threads m)
    add_library(SQLite::SQLite3 ALIAS sqlite_with_codec)
else()
    find_package(SQLite3 REQUIRED)
endif()
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
