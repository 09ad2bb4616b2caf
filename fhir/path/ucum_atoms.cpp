#include <algorithm>
#include <array>

#include "fhir/path/ucum.hpp"

namespace causeway::fhir::path {
namespace {

constexpr bool metric = true;
constexpr bool plain = false;

/// The units of The Unified Code for Units of Measure, case-sensitive codes. A unit without value is a base or arbitrary.
constexpr UnitAtom unsorted[] = {
    // base, and the mole as one
    {"m", metric, "", "", ""}, {"s", metric, "", "", ""}, {"g", metric, "", "", ""}, {"rad", metric, "", "", ""}, {"K", metric, "", "", ""},
    {"C", metric, "", "", ""}, {"cd", metric, "", "", ""}, {"mol", metric, "", "", ""},
    // numbers
    {"10*", plain, "10", "1", ""}, {"10^", plain, "10", "1", ""}, {"[pi]", plain, "3.14159265358979323846", "1", ""},
    {"%", plain, "0.01", "1", ""}, {"[ppth]", plain, "0.001", "1", ""}, {"[ppm]", plain, "0.000001", "1", ""},
    {"[ppb]", plain, "0.000000001", "1", ""}, {"[pptr]", plain, "0.000000000001", "1", ""}, {"[car_Au]", plain, "1", "/24", ""},
    {"[HPF]", plain, "1", "1", ""}, {"[LPF]", plain, "100", "1", ""}, {"bit", metric, "1", "1", ""}, {"By", metric, "8", "bit", ""},
    // SI
    {"sr", metric, "1", "rad2", ""}, {"Hz", metric, "1", "s-1", ""}, {"N", metric, "1", "kg.m/s2", ""}, {"Pa", metric, "1", "N/m2", ""},
    {"J", metric, "1", "N.m", ""}, {"W", metric, "1", "J/s", ""}, {"A", metric, "1", "C/s", ""}, {"V", metric, "1", "J/C", ""},
    {"F", metric, "1", "C/V", ""}, {"Ohm", metric, "1", "V/A", ""}, {"S", metric, "1", "Ohm-1", ""}, {"Wb", metric, "1", "V.s", ""},
    {"Cel", metric, "1", "K", "273.15"}, {"T", metric, "1", "Wb/m2", ""}, {"H", metric, "1", "Wb/A", ""}, {"lm", metric, "1", "cd.sr", ""},
    {"lx", metric, "1", "lm/m2", ""}, {"Bq", metric, "1", "s-1", ""}, {"Gy", metric, "1", "J/kg", ""}, {"Sv", metric, "1", "J/kg", ""},
    {"kat", metric, "1", "mol/s", ""},
    // beside SI
    {"gon", plain, "0.9", "deg", ""}, {"deg", plain, "2", "[pi].rad/360", ""}, {"'", plain, "1", "deg/60", ""}, {"''", plain, "1", "'/60", ""},
    {"l", metric, "1", "dm3", ""}, {"L", metric, "1", "l", ""}, {"ar", metric, "100", "m2", ""}, {"st", metric, "1", "m3", ""},
    {"min", plain, "60", "s", ""}, {"h", plain, "60", "min", ""}, {"d", plain, "24", "h", ""}, {"wk", plain, "7", "d", ""},
    {"a_t", plain, "365.24219", "d", ""}, {"a_j", plain, "365.25", "d", ""}, {"a_g", plain, "365.2425", "d", ""}, {"a", plain, "1", "a_j", ""},
    {"mo_s", plain, "29.53059", "d", ""}, {"mo_j", plain, "1", "a_j/12", ""}, {"mo_g", plain, "1", "a_g/12", ""}, {"mo", plain, "1", "mo_j", ""},
    {"t", metric, "1000", "kg", ""}, {"bar", metric, "100000", "Pa", ""}, {"u", metric, "1.6605402e-24", "g", ""},
    {"eV", metric, "1.60217733e-19", "J", ""}, {"AU", plain, "149597.870691", "Mm", ""}, {"pc", metric, "3.085678e16", "m", ""},
    // natural
    {"[c]", metric, "299792458", "m/s", ""}, {"[h]", metric, "6.6260755e-24", "J.s/10*10", ""}, {"[k]", metric, "1.380658e-23", "J/K", ""},
    {"[eps_0]", metric, "8.854187817e-12", "F/m", ""}, {"[mu_0]", metric, "1", "4.[pi].10*-7.N/A2", ""}, {"[e]", metric, "1.60217733e-19", "C", ""},
    {"[m_e]", metric, "9.1093897e-24", "g/10*4", ""}, {"[m_p]", metric, "1.6726231e-24", "g", ""}, {"[G]", metric, "6.67259e-11", "m3.kg-1.s-2", ""},
    {"[g]", metric, "9.80665", "m/s2", ""}, {"atm", plain, "101325", "Pa", ""}, {"[ly]", metric, "1", "[c].a_j", ""}, {"gf", metric, "1", "g.[g]", ""},
    {"[lbf_av]", plain, "1", "[lb_av].[g]", ""},
    // CGS
    {"Ky", metric, "1", "cm-1", ""}, {"Gal", metric, "1", "cm/s2", ""}, {"dyn", metric, "1", "g.cm/s2", ""}, {"erg", metric, "1", "dyn.cm", ""},
    {"P", metric, "1", "dyn.s/cm2", ""}, {"Bi", metric, "10", "A", ""}, {"St", metric, "1", "cm2/s", ""}, {"Mx", metric, "1e-8", "Wb", ""},
    {"G", metric, "1e-4", "T", ""}, {"Oe", metric, "250", "/[pi].A/m", ""}, {"Gb", metric, "1", "Oe.cm", ""}, {"sb", plain, "1", "cd/cm2", ""},
    {"Lmb", plain, "1", "cd/cm2/[pi]", ""}, {"ph", plain, "1e-4", "lx", ""}, {"Ci", metric, "37000000000", "Bq", ""}, {"R", metric, "2.58e-4", "C/kg", ""},
    {"RAD", metric, "100", "erg/g", ""}, {"REM", metric, "1", "RAD", ""},
    // lengths, areas, volumes
    {"[in_i]", plain, "2.54", "cm", ""}, {"[ft_i]", plain, "12", "[in_i]", ""}, {"[yd_i]", plain, "3", "[ft_i]", ""}, {"[mi_i]", plain, "5280", "[ft_i]", ""},
    {"[fth_i]", plain, "6", "[ft_i]", ""}, {"[nmi_i]", plain, "1852", "m", ""}, {"[kn_i]", plain, "1", "[nmi_i]/h", ""}, {"[sin_i]", plain, "1", "[in_i]2", ""},
    {"[sft_i]", plain, "1", "[ft_i]2", ""}, {"[syd_i]", plain, "1", "[yd_i]2", ""}, {"[cin_i]", plain, "1", "[in_i]3", ""}, {"[cft_i]", plain, "1", "[ft_i]3", ""},
    {"[cyd_i]", plain, "1", "[yd_i]3", ""}, {"[bf_i]", plain, "144", "[in_i]3", ""}, {"[cr_i]", plain, "128", "[ft_i]3", ""}, {"[mil_i]", plain, "0.001", "[in_i]", ""},
    {"[cml_i]", plain, "1", "[pi]/4.[mil_i]2", ""}, {"[hd_i]", plain, "4", "[in_i]", ""}, {"[ft_us]", plain, "1200", "m/3937", ""},
    {"[yd_us]", plain, "3", "[ft_us]", ""}, {"[in_us]", plain, "1", "[ft_us]/12", ""}, {"[rd_us]", plain, "16.5", "[ft_us]", ""}, {"[ch_us]", plain, "4", "[rd_us]", ""},
    {"[lk_us]", plain, "1", "[ch_us]/100", ""}, {"[fth_us]", plain, "6", "[ft_us]", ""}, {"[fur_us]", plain, "40", "[rd_us]", ""}, {"[mi_us]", plain, "8", "[fur_us]", ""},
    {"[acr_us]", plain, "160", "[rd_us]2", ""}, {"[srd_us]", plain, "1", "[rd_us]2", ""}, {"[smi_us]", plain, "1", "[mi_us]2", ""}, {"[sct]", plain, "1", "[mi_us]2", ""},
    {"[twp]", plain, "36", "[sct]", ""}, {"[mil_us]", plain, "0.001", "[in_us]", ""}, {"[in_br]", plain, "2.539998", "cm", ""}, {"[ft_br]", plain, "12", "[in_br]", ""},
    {"[yd_br]", plain, "3", "[ft_br]", ""}, {"[mi_br]", plain, "5280", "[ft_br]", ""}, {"[acr_br]", plain, "4840", "[yd_br]2", ""}, {"[gal_us]", plain, "231", "[in_i]3", ""},
    {"[bbl_us]", plain, "42", "[gal_us]", ""}, {"[qt_us]", plain, "1", "[gal_us]/4", ""}, {"[pt_us]", plain, "1", "[qt_us]/2", ""}, {"[gil_us]", plain, "1", "[pt_us]/4", ""},
    {"[foz_us]", plain, "1", "[gil_us]/4", ""}, {"[fdr_us]", plain, "1", "[foz_us]/8", ""}, {"[min_us]", plain, "1", "[fdr_us]/60", ""}, {"[crd_us]", plain, "128", "[ft_i]3", ""},
    {"[bu_us]", plain, "2150.42", "[in_i]3", ""}, {"[gal_wi]", plain, "1", "[bu_us]/8", ""}, {"[pk_us]", plain, "1", "[bu_us]/4", ""}, {"[dqt_us]", plain, "1", "[pk_us]/8", ""},
    {"[dpt_us]", plain, "1", "[dqt_us]/2", ""}, {"[tbs_us]", plain, "1", "[foz_us]/2", ""}, {"[tsp_us]", plain, "1", "[tbs_us]/3", ""}, {"[cup_us]", plain, "16", "[tbs_us]", ""},
    {"[foz_m]", plain, "30", "mL", ""}, {"[cup_m]", plain, "240", "mL", ""}, {"[tsp_m]", plain, "5", "mL", ""}, {"[tbs_m]", plain, "15", "mL", ""},
    {"[gal_br]", plain, "4.54609", "l", ""}, {"[pk_br]", plain, "2", "[gal_br]", ""}, {"[bu_br]", plain, "4", "[pk_br]", ""}, {"[qt_br]", plain, "1", "[gal_br]/4", ""},
    {"[pt_br]", plain, "1", "[qt_br]/2", ""}, {"[gil_br]", plain, "1", "[pt_br]/4", ""}, {"[foz_br]", plain, "1", "[gil_br]/5", ""}, {"[fdr_br]", plain, "1", "[foz_br]/8", ""},
    {"[min_br]", plain, "1", "[fdr_br]/60", ""}, {"[drp]", plain, "1", "ml/20", ""}, {"[lne]", plain, "1", "[in_i]/12", ""}, {"[pnt]", plain, "1", "[lne]/6", ""},
    {"[pca]", plain, "12", "[pnt]", ""}, {"Ao", plain, "0.1", "nm", ""}, {"b", plain, "100", "fm2", ""}, {"[smoot]", plain, "67", "[in_i]", ""},
    {"[Ch]", plain, "1", "mm/3", ""}, {"[mesh_i]", plain, "1", "/[in_i]", ""}, {"[diop]", plain, "1", "/m", ""},
    // weights
    {"[gr]", plain, "64.79891", "mg", ""}, {"[lb_av]", plain, "7000", "[gr]", ""}, {"[oz_av]", plain, "1", "[lb_av]/16", ""}, {"[dr_av]", plain, "1", "[oz_av]/16", ""},
    {"[scwt_av]", plain, "100", "[lb_av]", ""}, {"[lcwt_av]", plain, "112", "[lb_av]", ""}, {"[ston_av]", plain, "20", "[scwt_av]", ""},
    {"[lton_av]", plain, "20", "[lcwt_av]", ""}, {"[stone_av]", plain, "14", "[lb_av]", ""}, {"[pwt_tr]", plain, "24", "[gr]", ""}, {"[oz_tr]", plain, "20", "[pwt_tr]", ""},
    {"[lb_tr]", plain, "12", "[oz_tr]", ""}, {"[sc_ap]", plain, "20", "[gr]", ""}, {"[dr_ap]", plain, "3", "[sc_ap]", ""}, {"[oz_ap]", plain, "8", "[dr_ap]", ""},
    {"[lb_ap]", plain, "12", "[oz_ap]", ""}, {"[oz_m]", plain, "28", "g", ""}, {"[car_m]", plain, "0.2", "g", ""},
    // heat, pressure, energy
    {"[degF]", plain, "5", "K/9", "459.67"}, {"[degR]", plain, "5", "K/9", ""}, {"[degRe]", plain, "1.25", "K", "218.52"}, {"cal_[15]", metric, "4.1858", "J", ""},
    {"cal_[20]", metric, "4.1819", "J", ""}, {"cal_m", metric, "4.19002", "J", ""}, {"cal_IT", metric, "4.1868", "J", ""}, {"cal_th", metric, "4.184", "J", ""},
    {"cal", metric, "1", "cal_th", ""}, {"[Cal]", plain, "1", "kcal_th", ""}, {"[Btu_39]", plain, "1.05967", "kJ", ""}, {"[Btu_59]", plain, "1.0548", "kJ", ""},
    {"[Btu_60]", plain, "1.05468", "kJ", ""}, {"[Btu_m]", plain, "1.05587", "kJ", ""}, {"[Btu_IT]", plain, "1.05505585262", "kJ", ""},
    {"[Btu_th]", plain, "1.05435", "kJ", ""}, {"[Btu]", plain, "1", "[Btu_th]", ""}, {"[HP]", plain, "550", "[ft_i].[lbf_av]/s", ""}, {"tex", metric, "1", "g/km", ""},
    {"[den]", plain, "1", "g/9/km", ""}, {"m[H2O]", metric, "9.80665", "kPa", ""}, {"m[Hg]", metric, "133.322", "kPa", ""},
    {"[in_i'H2O]", plain, "1", "m[H2O].[in_i]/m", ""}, {"[in_i'Hg]", plain, "1", "m[Hg].[in_i]/m", ""}, {"[psi]", plain, "1", "[lbf_av]/[in_i]2", ""},
    {"att", plain, "1", "kgf/cm2", ""}, {"mho", metric, "1", "S", ""},
    // clinical
    {"[PRU]", plain, "1", "mm[Hg].s/ml", ""}, {"[wood'U]", plain, "1", "mm[Hg].min/L", ""}, {"[MET]", plain, "3.5", "mL/min/kg", ""}, {"[S]", plain, "1e-13", "s", ""},
    {"eq", metric, "1", "mol", ""}, {"osm", metric, "1", "mol", ""}, {"g%", metric, "1", "g/dl", ""}, {"U", metric, "1", "umol/min", ""},
    {"circ", plain, "2", "[pi].rad", ""}, {"sph", plain, "4", "[pi].sr", ""}, {"Bd", metric, "1", "/s", ""}, {"[IU]", metric, "1", "[iU]", ""},
    // arbitrary and logarithmic: each only comparable with itself
    {"[iU]", metric, "", "", ""}, {"[arb'U]", plain, "", "", ""}, {"[USP'U]", plain, "", "", ""}, {"[GPL'U]", plain, "", "", ""}, {"[MPL'U]", plain, "", "", ""},
    {"[APL'U]", plain, "", "", ""}, {"[beth'U]", plain, "", "", ""}, {"[anti'Xa'U]", plain, "", "", ""}, {"[todd'U]", plain, "", "", ""},
    {"[dye'U]", plain, "", "", ""}, {"[smgy'U]", plain, "", "", ""}, {"[bdsk'U]", plain, "", "", ""}, {"[ka'U]", plain, "", "", ""}, {"[knk'U]", plain, "", "", ""},
    {"[mclg'U]", plain, "", "", ""}, {"[tb'U]", plain, "", "", ""}, {"[CCID_50]", plain, "", "", ""}, {"[TCID_50]", plain, "", "", ""}, {"[EID_50]", plain, "", "", ""},
    {"[PFU]", plain, "", "", ""}, {"[FFU]", plain, "", "", ""}, {"[CFU]", plain, "", "", ""}, {"[IR]", plain, "", "", ""}, {"[BAU]", plain, "", "", ""},
    {"[AU]", plain, "", "", ""}, {"[Amb'a'1'U]", plain, "", "", ""}, {"[PNU]", plain, "", "", ""}, {"[Lf]", plain, "", "", ""}, {"[D'ag'U]", plain, "", "", ""},
    {"[FEU]", plain, "", "", ""}, {"[ELU]", plain, "", "", ""}, {"[EU]", plain, "", "", ""}, {"[hnsf'U]", plain, "", "", ""}, {"[hp_X]", plain, "", "", ""},
    {"[hp_C]", plain, "", "", ""}, {"[hp_M]", plain, "", "", ""}, {"[hp_Q]", plain, "", "", ""}, {"[kp_X]", plain, "", "", ""}, {"[kp_C]", plain, "", "", ""},
    {"[kp_M]", plain, "", "", ""}, {"[kp_Q]", plain, "", "", ""}, {"[pH]", plain, "", "", ""}, {"[p'diop]", plain, "", "", ""}, {"%[slope]", plain, "", "", ""},
    {"Np", metric, "", "", ""}, {"B", metric, "", "", ""}, {"B[SPL]", metric, "", "", ""}, {"B[V]", metric, "", "", ""}, {"B[mV]", metric, "", "", ""},
    {"B[uV]", metric, "", "", ""}, {"B[10.nV]", metric, "", "", ""}, {"B[W]", metric, "", "", ""}, {"B[kW]", metric, "", "", ""}, {"bit_s", plain, "", "", ""},
    {"[m/s2/Hz^0.5]", metric, "", "", ""},
};

constexpr auto table = [] {
    std::array<UnitAtom, std::size(unsorted)> sorted{};
    std::copy(std::begin(unsorted), std::end(unsorted), sorted.begin());
    std::sort(sorted.begin(), sorted.end(), [](const UnitAtom& a, const UnitAtom& b) { return a.code < b.code; });
    return sorted;
}();
static_assert(std::adjacent_find(table.begin(), table.end(), [](const UnitAtom& a, const UnitAtom& b) { return a.code == b.code; }) == table.end());

}  // namespace

const UnitAtom* find_atom(std::string_view code) {
    const auto found = std::lower_bound(table.begin(), table.end(), code, [](const UnitAtom& atom, std::string_view wanted) { return atom.code < wanted; });
    return found != table.end() && found->code == code ? &*found : nullptr;
}

}  // namespace causeway::fhir::path
