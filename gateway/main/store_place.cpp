#include "gateway/main/store_place.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "gateway/main/gateway.hpp"

namespace causeway {
namespace {

void cut_line_end(std::string& text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
}

std::string read_whole(const std::string& path, const std::string& setting) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (!file) throw StartFailure{fmt::format("{} {} cannot be read", setting, path)};
    cut_line_end(bytes);
    return bytes;
}

std::string output_of(const std::string& line, const std::string& setting) {
    std::string quoted;
    for (const char c : line) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    std::FILE* const pipe = ::popen(fmt::format("exec timeout 30 /bin/sh -c '{}'", quoted).c_str(), "re");
    if (!pipe) throw StartFailure{setting + ": the command cannot be run"};
    std::string out(4'096, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), pipe));
    if (const int status = ::pclose(pipe); status != 0)
        throw StartFailure{fmt::format("{}: the command failed (wait status {})", setting, status)};
    cut_line_end(out);
    return out;
}

std::optional<std::string> from_hexadecimal(std::string_view digits) {
    const auto value = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    if (digits.size() != 2 * storage::page_key_bytes) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = value(digits[i]), low = value(digits[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string read_audit_key(const std::string& path) {
    if (path.empty()) return {};
    std::string key = read_whole(path, "storage.audit_key_file");
    constexpr std::size_t key_bytes_min = 16;
    if (key.size() < key_bytes_min)
        throw StartFailure{fmt::format("storage.audit_key_file {} holds fewer than {} bytes", path, key_bytes_min)};
    return key;
}

}  // namespace

std::string read_page_key(const std::string& source, const std::string& setting) {
    if (source.empty()) return {};
    if (!storage::can_encrypt_pages())
        throw StartFailure{setting + ": this build cannot encrypt the store; the preset release-encrypted can"};
    const auto colon = source.find(':');
    const std::string kind = source.substr(0, colon), rest = colon == std::string::npos ? "" : source.substr(colon + 1);
    std::string digits;
    if (kind == "file" && !rest.empty()) {
        digits = read_whole(rest, setting);
    } else if (kind == "env" && !rest.empty()) {
        const char* const value = std::getenv(rest.c_str());
        if (!value) throw StartFailure{fmt::format("{}: the environment has no {}", setting, rest)};
        digits = value;
    } else if (kind == "command" && !rest.empty()) {
        digits = output_of(rest, setting);
    } else {
        throw StartFailure{setting + ": must be file:PATH, env:NAME or command:LINE"};
    }
    auto key = from_hexadecimal(digits);
    if (!key)
        throw StartFailure{fmt::format("{}: a key is {} hexadecimal digits (openssl rand -hex {})", setting,
                                       2 * storage::page_key_bytes, storage::page_key_bytes)};
    return std::move(*key);
}

storage::StoreSecrets read_secrets(const ops::Config& config) {
    return {read_audit_key(config.storage.audit_key_file), read_page_key(config.storage.page_key, "storage.page_key")};
}

}  // namespace causeway
