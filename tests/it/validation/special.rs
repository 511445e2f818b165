//! Distribution functions against scipy.

use overread::validation::special;

use crate::validation::{frozen, near, numbers};

#[test]
fn distribution_functions_agree_with_scipy() {
    let cases = frozen("special.json");
    let check = |name: &str, relative: f64, ours: &dyn Fn(&[f64]) -> f64| {
        let rows = cases[name].as_array().unwrap();
        assert!(rows.len() > 5, "{name}");
        for row in rows {
            let row = numbers(row);
            let (expected, arguments) = row.split_last().unwrap();
            println!("{name} {arguments:?}");
            near(ours(arguments), *expected, relative);
        }
    };
    check("normal_cdf", 1e-12, &|a| special::normal_cdf(a[0]));
    check("normal_quantile", 1e-13, &|a| special::normal_quantile(a[0]));
    check("t_two_sided", 1e-11, &|a| special::t_two_sided(a[0], a[1]));
    check("t_reach", 1e-11, &|a| special::t_reach(a[0], a[1]));
    check("f_upper", 1e-11, &|a| special::f_upper(a[0], a[1], a[2]));
    check("f_quantile_upper", 1e-11, &|a| special::f_quantile_upper(a[0], a[1], a[2]));
    check("chi_square_upper", 1e-11, &|a| special::chi_square_upper(a[0], a[1]));
    check("beta_quantile", 1e-8, &|a| special::beta_quantile(a[0], a[1], a[2]));
    check("noncentral_f_upper", 1e-9, &|a| special::noncentral_f_upper(a[0], a[1], a[2], a[3]));
}
