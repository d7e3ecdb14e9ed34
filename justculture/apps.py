from django.contrib.admin import apps


class PortalAdminConfig(apps.AdminConfig):
    """Django's admin, with a site of our own behind it."""

    default = False  # it is the admin's configuration, not that of the package it stands in
    default_site = "curation.site.CurationSite"
