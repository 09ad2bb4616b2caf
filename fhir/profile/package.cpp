#include "fhir/profile/package.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "fhir/json/json.hpp"

namespace causeway::fhir {

namespace {

constexpr std::size_t block = 512;

/// One header of a tar archive, fields by their offsets (POSIX 1003.1, ustar).
class Header {
public:
    explicit Header(std::string_view bytes) : bytes_(bytes) {}

    bool is_end() const noexcept {
        return std::all_of(bytes_.begin(), bytes_.end(), [](char c) { return c == 0; });
    }
    char type() const noexcept { return bytes_[156]; }
    std::string_view name() const noexcept { return text(0, 100); }
    std::string_view prefix() const noexcept { return text(257, 5) == "ustar" ? text(345, 155) : std::string_view(); }
    std::optional<std::size_t> size() const noexcept {
        auto digits = text(124, 12);
        while (digits.starts_with(' ')) digits.remove_prefix(1);
        while (digits.ends_with(' ')) digits.remove_suffix(1);
        std::size_t value = 0;
        const auto end = digits.data() + digits.size();
        const auto read = std::from_chars(digits.data(), end, value, 8);
        return read.ec == std::errc() && read.ptr == end ? std::optional<std::size_t>(value) : std::nullopt;
    }

private:
    std::string_view text(std::size_t at, std::size_t size) const noexcept {
        const auto field = bytes_.substr(at, size);
        return field.substr(0, field.find('\0'));
    }
    std::string_view bytes_;
};

/// The "path" record of a pax header: "<length> path=<name>\n".
std::string pax_path(std::string_view records) {
    constexpr std::string_view key = " path=";
    const auto at = records.find(key);
    if (at == std::string_view::npos) return {};
    const auto rest = records.substr(at + key.size());
    return std::string(rest.substr(0, rest.find('\n')));
}

bool goes_up(std::string_view path) noexcept {
    return path.starts_with('/') || path == ".." || path.starts_with("../") || path.ends_with("/..") ||
           path.find("/../") != std::string_view::npos;
}

Error bad_tar(std::string message, std::size_t offset) { return {Errc::syntax, std::move(message), "", offset, 0, 0}; }

bool is_resource_file(std::string_view path) noexcept {
    if (!path.ends_with(".json") || path.find("/example") != std::string_view::npos || path.starts_with("example"))
        return false;
    const auto name = path.substr(path.rfind('/') + 1);
    return name != "package.json" && !name.starts_with('.') && name.find(".index") == std::string_view::npos;
}

void read_manifest(const PackageFile& file, PackageReport& report) {
    const auto manifest = parse_json(file.bytes);
    if (!manifest) {
        report.faults.push_back(file.path + ": " + manifest.error().message);
        return;
    }
    const Element root = (*manifest)->root();
    report.name = root["name"].text();
    report.version = root["version"].text();
    for (const Element one : root["dependencies"].children())
        report.depends.push_back(std::string(one.name()) + ' ' + std::string(one.text()));
}

}  // namespace

Result<std::vector<PackageFile>> read_tar(std::string_view tar, const PackageLimits& limits) {
    std::vector<PackageFile> files;
    std::size_t total = 0;
    std::string long_name;
    std::size_t at = 0;
    while (at + block <= tar.size()) {
        const Header header(tar.substr(at, block));
        if (header.is_end()) return files;
        const auto size = header.size();
        if (!size) return bad_tar("not a tar archive: a header has no size", at);
        if (*size > tar.size() - at - block) return bad_tar("the archive breaks off", at);
        const auto content = tar.substr(at + block, *size);
        const char type = header.type();
        if (type == 'L') {
            long_name = std::string(content.substr(0, content.find('\0')));
        } else if (type == 'x') {
            long_name = pax_path(content);
        } else {
            std::string name = long_name;
            if (name.empty()) {
                if (!header.prefix().empty()) name = std::string(header.prefix()) + '/';
                name += header.name();
            }
            long_name.clear();
            if (type == '0' || type == '\0') {
                if (goes_up(name)) return bad_tar("the archive holds a path that leaves it", at);
                total += *size;
                if (files.size() >= limits.files_max || total > limits.bytes_max)
                    return Error{Errc::too_large, "the archive is too large", "", at, 0, 0};
                files.push_back({std::move(name), std::string(content)});
            }
        }
        at += block + (*size + block - 1) / block * block;
    }
    return files.empty() ? Result<std::vector<PackageFile>>(bad_tar("not a tar archive", 0)) : std::move(files);
}

PackageReport add_package(ValidatorBuilder& builder, const std::vector<PackageFile>& files) {
    PackageReport report;
    for (const PackageFile& file : files) {
        const auto name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
        if (name == "package.json") {
            read_manifest(file, report);
            continue;
        }
        if (!is_resource_file(file.path)) continue;
        const auto document = parse_json(file.bytes);
        if (!document) {
            report.faults.push_back(file.path + ": " + document.error().message);
            continue;
        }
        if ((*document)->resource_type().empty()) continue;
        const bool taken = builder.add(*document);
        auto& counter = !taken                                                  ? report.others
                        : (*document)->resource_type() == "StructureDefinition" ? report.profiles
                                                                                : report.terms;
        ++counter;
    }
    return report;
}

}  // namespace causeway::fhir
