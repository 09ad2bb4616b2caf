#include "hl7v2/charset_names.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace causeway::hl7v2::charsets {

namespace {

constexpr std::array<Charset, 24> table_0211 = {{
    {"ASCII", "US-ASCII", Coding::ascii},
    {"8859/1", "WINDOWS-1252", Coding::windows_1252},
    {"8859/2", "ISO-8859-2", Coding::by_iconv},
    {"8859/3", "ISO-8859-3", Coding::by_iconv},
    {"8859/4", "ISO-8859-4", Coding::by_iconv},
    {"8859/5", "ISO-8859-5", Coding::by_iconv},
    {"8859/6", "ISO-8859-6", Coding::by_iconv},
    {"8859/7", "ISO-8859-7", Coding::by_iconv},
    {"8859/8", "ISO-8859-8", Coding::by_iconv},
    {"8859/9", "ISO-8859-9", Coding::by_iconv},
    {"8859/15", "ISO-8859-15", Coding::by_iconv},
    {"ISO IR6", "US-ASCII", Coding::ascii},
    {"ISO IR14", "", Coding::jis_x_0201},
    {"ISO IR87", "ISO-2022-JP-2", Coding::iso_2022},
    {"ISO IR159", "ISO-2022-JP-2", Coding::iso_2022},
    {"GB 18030-2000", "GB18030", Coding::by_iconv},
    {"KS X 1001", "CP949", Coding::by_iconv},
    {"CNS 11643-1992", "EUC-TW", Coding::by_iconv},
    {"BIG-5", "BIG5", Coding::by_iconv},
    {"UNICODE", "UTF-8", Coding::utf8},
    {"UNICODE UTF-8", "UTF-8", Coding::utf8},
    {"UNICODE UTF-16", "UTF-16", Coding::utf16},
    {"UNICODE UTF-32", "UTF-32", Coding::utf32},
    {"JAS2020", "ISO-2022-JP-2", Coding::iso_2022},
}};

struct Alias {
    std::string_view alias;
    std::string_view name;
};
constexpr std::array<Alias, 42> aliases = {{
    {"JIS X 0202", "JAS2020"},
    {"UTF-8", "UNICODE UTF-8"},
    {"UTF8", "UNICODE UTF-8"},
    {"UNICODE UTF8", "UNICODE UTF-8"},
    {"UNICODE-UTF-8", "UNICODE UTF-8"},
    {"UTF-16", "UNICODE UTF-16"},
    {"UTF-32", "UNICODE UTF-32"},
    {"US-ASCII", "ASCII"},
    {"ISO8859-1", "8859/1"},
    {"ISO-8859-1", "8859/1"},
    {"8859-1", "8859/1"},
    {"ISO 8859-1", "8859/1"},
    {"ISO8859/1", "8859/1"},
    {"LATIN1", "8859/1"},
    {"LATIN-1", "8859/1"},
    {"ISO IR100", "8859/1"},
    {"ISO_IR 100", "8859/1"},
    {"ISO IR101", "8859/2"},
    {"ISO IR109", "8859/3"},
    {"ISO IR110", "8859/4"},
    {"ISO IR144", "8859/5"},
    {"ISO IR127", "8859/6"},
    {"ISO IR126", "8859/7"},
    {"ISO IR138", "8859/8"},
    {"ISO IR148", "8859/9"},
    {"ISO-8859-2", "8859/2"},
    {"ISO-8859-3", "8859/3"},
    {"ISO-8859-4", "8859/4"},
    {"ISO-8859-5", "8859/5"},
    {"ISO-8859-6", "8859/6"},
    {"ISO-8859-7", "8859/7"},
    {"ISO-8859-8", "8859/8"},
    {"ISO-8859-9", "8859/9"},
    {"ISO-8859-15", "8859/15"},
    {"8859-15", "8859/15"},
    {"LATIN9", "8859/15"},
    {"BIG5", "BIG-5"},
    {"GB18030", "GB 18030-2000"},
    {"GB 18030", "GB 18030-2000"},
    {"EUC-KR", "KS X 1001"},
    {"ISO-2022-JP", "JAS2020"},
    {"ISO IR14 ", "ISO IR14"},
}};

std::string folded(std::string_view name) {
    const std::size_t first = name.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    std::string out(name.substr(first, name.find_last_not_of(" \t") - first + 1));
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return out;
}

}  // namespace

std::optional<FoundCharset> find_charset(std::string_view name) {
    const std::string wanted = folded(name);
    const auto by_name = [](std::string_view exact) { return std::ranges::find(table_0211, exact, &Charset::name); };
    if (const auto found = by_name(wanted); found != table_0211.end()) return FoundCharset{*found, wanted != name};
    if (const auto alias = std::ranges::find(aliases, std::string_view(wanted), &Alias::alias);
        alias != aliases.end()) {
        return FoundCharset{*by_name(alias->name), alias->alias != "JIS X 0202"};
    }
    // Windows code pages are in no table, and in many a configuration.
    constexpr std::array<std::array<std::string_view, 2>, 9> windows = {{{"1250", "CP1250"},
                                                                         {"1251", "CP1251"},
                                                                         {"1252", "WINDOWS-1252"},
                                                                         {"1253", "CP1253"},
                                                                         {"1254", "CP1254"},
                                                                         {"1255", "CP1255"},
                                                                         {"1256", "CP1256"},
                                                                         {"1257", "CP1257"},
                                                                         {"1258", "CP1258"}}};
    for (const auto& [page, iconv_name] : windows) {
        if (wanted == "WINDOWS-" + std::string(page) || wanted == "CP" + std::string(page)) {
            return FoundCharset{{iconv_name, iconv_name, page == "1252" ? Coding::windows_1252 : Coding::by_iconv},
                                true};
        }
    }
    return std::nullopt;
}

Converter::Converter(std::string_view to, std::string_view from)
    : handle_(iconv_open(std::string(to).c_str(), std::string(from).c_str())), valid_(handle_ != iconv_t(-1)) {}

Converter::~Converter() {
    if (valid_) iconv_close(handle_);
}

bool Converter::convert(std::string_view& in, std::string& out) {
    while (!in.empty()) {
        std::array<char, 4096> chunk;
        char* from = const_cast<char*>(in.data());  // iconv's prototype; it does not write
        std::size_t from_left = in.size();
        char* to = chunk.data();
        std::size_t to_left = chunk.size();
        const std::size_t result = iconv(handle_, &from, &from_left, &to, &to_left);
        const bool full = result == static_cast<std::size_t>(-1) && errno == E2BIG;
        out.append(chunk.data(), chunk.size() - to_left);
        in.remove_prefix(in.size() - from_left);
        if (result == static_cast<std::size_t>(-1) && !full) return false;
    }
    return true;
}

void Converter::finish(std::string& out) {
    std::array<char, 64> chunk;
    char* to = chunk.data();
    std::size_t to_left = chunk.size();
    iconv(handle_, nullptr, nullptr, &to, &to_left);
    out.append(chunk.data(), chunk.size() - to_left);
}

}  // namespace causeway::hl7v2::charsets
