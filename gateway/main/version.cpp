#include "gateway/main/version.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <boost/version.hpp>

#include "gateway/storage/versions.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace causeway {
namespace {

void line(std::string& out, std::string_view name, std::string_view built, std::string_view running) {
    out += fmt::format("{:<10} {}", name, built);
    if (running != built) out += fmt::format(" (running with {})", running);
    out += '\n';
}

}  // namespace

std::string version_text() {
    std::string out = fmt::format("causeway   {}\n", CAUSEWAY_VERSION);
    const auto boost =
        fmt::format("{}.{}.{}", BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1'000, BOOST_VERSION % 100);
    line(out, "Boost", boost, boost);
    line(out, "OpenSSL", OPENSSL_VERSION_STR, OpenSSL_version(OPENSSL_VERSION_STRING));
    for (const auto& each : storage::library_versions()) line(out, each.name, each.built, each.running);
    line(out, "zlib", ZLIB_VERSION, zlibVersion());
    const auto fmt_version = fmt::format("{}.{}.{}", FMT_VERSION / 10'000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
    line(out, "fmt", fmt_version, fmt_version);
    line(out, "CLI11", CLI11_VERSION, CLI11_VERSION);
    const auto toml = fmt::format("{}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH);
    line(out, "toml++", toml, toml);
    out += fmt::format("compiler   {}\n", __VERSION__);
    out.pop_back();
    return out;
}

}  // namespace causeway
