#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/diagnostic.hpp"
#include "mappings/engine/syntax.hpp"

namespace causeway::mappings {

/// All declarations by name, as they hold for one site: the library with `extend`, `replace` and `drop` of the site and
/// of those it stands on carried out. Still syntax; the compiler gives it types.
class Library {
public:
    template <class T>
    struct Named {
        T content;
        Place place;
    };
    template <class T>
    using ByName = std::map<std::string, Named<T>, std::less<>>;

    ByName<syntax::System> systems;
    ByName<syntax::Extension> extensions;
    ByName<syntax::Slice> slices;
    ByName<syntax::Setting> settings;
    ByName<syntax::Identity> identities;
    ByName<syntax::Codec> codecs;
    ByName<syntax::Table> tables;
    ByName<syntax::TypeMap> types;  ///< "CX<->Identifier"; several names of one declaration give several entries
    ByName<syntax::SegmentMap> maps;
    ByName<syntax::Message> messages;
    ByName<std::shared_ptr<const syntax::Site>> sites;

    /// The library alone: what stands outside of sites.
    static Library base(const std::vector<syntax::Declaration>& declarations, const std::vector<MapSource>& sources,
                        Diagnostics& out);
    /// With a site's declarations on top, "base" being the library alone; false if there is no such site.
    bool apply_site(std::string_view name, const std::vector<MapSource>& sources, Diagnostics& out);

private:
    void declare(const syntax::Declaration& declaration, const std::vector<MapSource>& sources, bool in_site,
                 Diagnostics& out);
};

/// The name in `names` that is nearest to `name`, as ", did you mean X?", or nothing if none is near.
std::string nearest(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace causeway::mappings
