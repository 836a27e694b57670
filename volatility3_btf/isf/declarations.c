// SPDX-License-Identifier: Apache-2.0
/*
 * Types of kernel globals: what `declarations.py` reads, and `fitting.py` ties to the types of one kernel.
 *
 * It is C, one declaration after another, without `const`, `static` and `extern`:
 *
 *   struct kset *module_kset;           a symbol and its type
 *   struct list_head a, *b, c[4];       several, as C has it
 *   void foo;                           none is right: leave it void
 *   struct tracepoint __tracepoint_$;   a family: $ stands for any characters (or none)
 *   struct ctl_table $_table[];         how many, the room at the symbol tells (for large elements)
 *   struct { struct timekeeper timekeeper; } tk_core;
 *                                       a struct without a tag that has, among others, these members
 *
 * A symbol declared several times has alternatives: the first whose types all exist in the kernel's BTF and
 * for which there is room before the next symbol is used. A symbol's own declarations go before a family's,
 * and of the families that a name belongs to the first counts. The number that compilers put behind a local
 * static variable's name (`_rs.5`) is not part of the name, and only families apply to it.
 *
 * An empty parameter list stands for any: functions are not described further in a symbol table.
 */

/* What Volatility's plugins read. */
struct task_struct init_task;
struct mm_struct init_mm;
struct files_struct init_files;
struct fs_struct init_fs;
struct pid_namespace init_pid_ns;
struct cred init_cred;
int pkmap_count[1024], pkmap_count[512];
struct list_head modules, tty_drivers;
struct atomic_notifier_head keyboard_notifier_list;
gate_desc idt_table[256];
struct mod_tree_root mod_tree;
unsigned long module_addr_min, module_addr_max;
struct kset *module_kset;
struct taint_flag taint_flags[];
struct { struct timekeeper timekeeper; } tk_core;
struct tk_data tk_core, timekeeper_data[];
struct timekeeper timekeeper, shadow_timekeeper;
struct timespec wall_to_monotonic, total_sleep_time;
int cap_last_cap;
unsigned long vmemmap_base, vmalloc_base, page_offset_base;
struct page *mem_map;
unsigned long height_to_maxindex[12], height_to_maxnodes[12];
unsigned int kallsyms_num_syms;
struct list_head ftrace_mod_maps, ftrace_ops_trampoline_list, bpf_kallsyms, net_namespace_list;
struct ftrace_ops *ftrace_ops_list, ftrace_list_end;
struct printk_ringbuffer *prb;
char *log_buf;
u32 log_buf_len, log_first_idx, log_next_idx, log_end;
struct list_head nf_hooks[13][8];
struct idr prog_idr;
unsigned int pidhash_shift;
struct hlist_head *pid_hash;
struct resource iomem_resource, ioport_resource;
int num_registered_fb;
struct fb_info *registered_fb[32];
struct seq_operations raw_seq_ops, raw6_seq_ops, udp_seq_ops, udp6_seq_ops, arp_seq_ops, unix_seq_ops,
    tcp_seq_ops, tcp4_seq_ops, tcp6_seq_ops, packet_seq_ops;
struct tcp_seq_afinfo tcp4_seq_afinfo, tcp6_seq_afinfo;
struct udp_seq_afinfo udp4_seq_afinfo, udp6_seq_afinfo, udplite4_seq_afinfo, udplite6_seq_afinfo;
tracepoint_ptr_t __start___tracepoints_ptrs[0];
struct file_operations socket_file_ops;
struct dentry_operations sockfs_dentry_operations;

/* Where the kernel's other lists, trees and tables start. */
struct net init_net;
struct uts_namespace init_uts_ns;
struct ipc_namespace init_ipc_ns;
struct user_namespace init_user_ns;
struct time_namespace init_time_ns;
struct cgroup_namespace init_cgroup_ns;
struct nsproxy init_nsproxy;
struct list_head super_blocks, workqueues, pernet_list, cgroup_roots, formats, crypto_alg_list, slab_caches,
    vmap_area_list, ptype_all, inetsw6[11], inetsw[11];
struct security_hook_heads security_hook_heads;
struct lsm_static_calls_table static_calls_table;
struct char_device_struct *chrdevs[255];
struct net_protocol *inet_protos[256];
struct inet6_protocol *inet6_protos[256];
struct cgroup_root cgrp_dfl_root;
struct css_set init_css_set;
struct cpuinfo_x86 boot_cpu_data;
struct idr map_idr, link_idr, btf_idr;

/* What the assembler and the linker make; where a table of any length starts or ends (asm-generic/sections.h). */
unsigned long jiffies, phys_base, initial_code, __initramfs_size;
pud_t level3_kernel_pgt[512];
pmd_t level2_kernel_pgt[512], level2_fixmap_pgt[512];
u8 kallsyms_names[0], kallsyms_seqs_of_names[0];
int kallsyms_offsets[0], __initcall_start[0], __initcall_end[0];
tracepoint_ptr_t __stop___tracepoints_ptrs[0];
unsigned int kallsyms_markers[0];
char __init_begin[0], __init_end[0], __bss_start[0], __bss_stop[0], __start_rodata[0], __end_rodata[0],
    __per_cpu_start[0], __per_cpu_end[0], __start_BTF[0], __stop_BTF[0], __brk_base[0], __brk_limit[0],
    _sdata[0], _edata[0], _end[0];
struct kernel_symbol __start___ksymtab[0], __stop___ksymtab[0];
struct kernel_param __start___param[0], __stop___param[0];
struct obs_kernel_param __setup_start[0], __setup_end[0];
struct jump_entry __start___jump_table[0], __stop___jump_table[0];
struct bug_entry __start___bug_table[0], __stop___bug_table[0];
struct exception_table_entry __start___ex_table[0], __stop___ex_table[0];
struct alt_instr __alt_instructions[0], __alt_instructions_end[0];
struct static_call_site __start_static_call_sites[0], __stop_static_call_sites[0];
struct trace_event_call *__start_ftrace_events[0], *__stop_ftrace_events[0];
struct syscall_metadata *__start_syscalls_metadata[0], *__stop_syscalls_metadata[0];
struct _ddebug __start___dyndbg[0], __stop___dyndbg[0];
struct lsm_info __start_lsm_info[0], __end_lsm_info[0], __start_early_lsm_info[0], __end_early_lsm_info[0];
struct orc_entry __start_orc_unwind[0], __stop_orc_unwind[0];
struct bpf_raw_event_map __start__bpf_raw_tp[0], __stop__bpf_raw_tp[0];

/* Not one type, or characters whose number the name does not tell. */
void print_fmt_$, __tpstrtab_$, __setup_str_$, __param_str_$, args__$, types__$, str__$, __func__$, event_attr_$,
    event_entries$;

/* Of one type in some kernels or architectures and of another in others, with nothing in BTF to tell which. */
void aa_secids, blk_cpu_done, bm_check_disable, boot_pageset, constraints_initialized, die_lock, discontig_frames,
    dmar_seq_ids, irq_err_count, jiffies_seq, ksm_stable_node_chains_prune_millisecs, lps0_dsm_func_mask,
    memory_device_ids, numa_off, pcpu_nr_empty_pop_pages, running_trace_lock, sync_work,
    sysctl_sched_tunable_scaling, watchdog_cpus, x86_cpu_to_logical_apicid, xen_have_vector_callback;

/* Trace events and system calls (include/trace/, include/linux/{tracepoint,syscalls}.h). */
struct trace_event_class event_class_$;
struct event_trigger_ops event_$_trigger_ops;
struct file_operations event_$_fops;
struct seq_operations event_$_seq_ops;
struct trace_event_call event_$;
struct trace_event_call *__event_$;
struct trace_event_functions trace_event_type_funcs_$;
struct trace_event_fields trace_event_fields_$[];
struct tracepoint_ext __tracepoint_ext_$;
struct tracepoint __tracepoint_$;
union { struct bpf_raw_event_map event; } __bpf_trace_tp_map_$;
struct trace_eval_map __TRACE_SYSTEM_$, *TRACE_SYSTEM_$;
struct syscall_metadata __syscall_meta_$, *__p_syscall_meta_$;

/* Static calls, static keys, messages that are said once. */
struct static_call_key __SCK__$;
struct static_key_false security_hook_active_$, $_needed_key;
struct static_key_true $_cgrp_subsys_on_dfl_key, $_cgrp_subsys_enabled_key, ___once_key$;
struct _ddebug __UNIQUE_ID_ddebug$;
bool __already_done$, ___done$, __print_once$;
struct lock_class_key __key$;

/* Parameters and boot options (include/linux/{moduleparam,init}.h). */
struct obs_kernel_param __setup_$;
struct kernel_param_ops __param_ops_$, param_ops_$, $_param_ops;
struct kparam_array __param_arr_$;
struct kparam_string __param_string_$;
struct kernel_param __param_$;
struct kernel_symbol __ksymtab_$;

/* BPF. */
struct bpf_func_proto bpf_$_proto;
struct bpf_prog_ops $_prog_ops;
struct bpf_verifier_ops $_verifier_ops;
struct bpf_map_ops $_map_ops;
struct bpf_link_ops $_lops;
struct bpf_iter_seq_info $_seq_info;
struct bpf_iter_reg $_reg_info;
struct bpf_reg_types $_ptr_types;
struct btf_kfunc_id_set $_kfunc_set;

/* Operations. */
struct proc_ops proc_seq_ops, proc_net_seq_ops;
struct file_operations $_fops, fops_$, $_file_operations, $_file_ops;
struct inode_operations $_inode_operations, $_iops, $_inode_ops;
struct dentry_operations $_dentry_operations, $_dentry_ops;
struct super_operations $_super_operations, $_super_ops;
struct address_space_operations $_aops;
struct vm_operations_struct $_vm_ops, $_vmops;
struct fs_context_operations $_context_ops;
struct seq_operations $_seq_ops, $_seqops, $_seq_op;
struct pernet_operations $_net_ops, $_pernet_ops;
struct sysfs_ops $_sysfs_ops;
struct syscore_ops $_syscore_ops;
struct syscore $_syscore;
struct mm_walk_ops $_walk_ops;
struct ftrace_probe_ops $_probe_ops;
struct ethnl_request_ops $_request_ops;
struct fwnode_operations $_fwnode_ops;
struct fsnotify_ops $_fsnotify_ops;
struct dev_pm_ops $_dev_pm_ops;
struct pipe_buf_operations $_pipe_buf_ops;
struct net_proto_family $_family_ops;
struct proto_ops $_stream_ops, $_dgram_ops;

/* File systems, objects and attributes. */
struct file_system_type $_fs_type;
struct xattr_handler $_xattr_handler;
struct vfsmount *$_mnt;
struct kobj_type $_ktype, ktype_$;
struct kset *$_kset;
struct kobject *$_kobj;
struct attribute_group dev_attr_$_group, $_attr_group, $_attribute_group, $_format_group;
struct bin_attribute bin_attr_$;
struct driver_attribute driver_attr_$;
struct bus_attribute bus_attr_$;
struct sysfs_ops ext4_attr_ops;
struct ext4_attr ext4_attr_$;
struct tpm_pcr_attr dev_attr_pcr_$;
struct device_attribute dev_attr_$, subsys_attr_$;
struct perf_pmu_format_hybrid_attr format_attr_hybrid_$;
struct device_attribute format_attr_$;
struct dmi_device_attribute sys_dmi_$_attr;
struct freq_attr scaling_$;
struct queue_sysfs_entry queue_$_entry;
struct bus_type $_bus_type;
struct key_type key_type_$;

/* Locks, lists, caches, notifiers. */
struct audit_ctl_mutex audit_cmd_mutex;
struct mutex $_mutex, $_mtx;
struct srcu_struct $_srcu;
struct srcu_data $_srcu_data;
struct srcu_usage $_srcu_usage;
struct kmem_cache *$_cachep;
struct notifier_block $_nb, $_netdev_notifier;
struct ida $_ida;
struct idr $_idr;
struct wait_queue_head $_waitq;
struct ratelimit_state _rs$, $_rs, $_ratelimit_state;

/* Subsystems. */
struct cgroup_subsys $_cgrp_subsys;
struct sched_class $_sched_class;
struct lsm_blob_sizes $_blob_sizes;
struct lsm_info __lsm_$;
struct lsm_id $_lsmid;
struct genl_family $_genl_family, $_gnl_family;
struct inet_protosw $_protosw;
struct in6_addr in6addr_$;
struct asn1_decoder $_decoder;
struct thermal_governor thermal_gov_$, *__thermal_table_entry_$;
struct cpu_dev *__cpu_dev_$;
struct idle_cpu idle_cpu_$;
struct freq_desc freq_desc_$;
struct intel_early_ops $_early_ops;
struct nmiaction $_na;
guid_t $_guid;
struct ctl_table $_sysctls[];
u64 $_event_ids[7][3][2], $_cache_extra_regs[7][3][2];
unsigned long _kbl_addr_$;
unsigned int __percpu_rwsem_rc_$;

/* The rest: names that have the same type in each of the kernels they were compared in (docs). */
enum acpi_irq_model_id acpi_irq_model;
enum alarmtimer_type freezer_alarmtype;
enum amd_pref_core amd_pref_core_detected;
enum apic_intr_mode_id apic_intr_mode;
enum audit_mode aa_g_audit;
enum bhi_mitigations bhi_mitigation;
enum bp_state balloon_state;
enum cc_vendor cc_vendor;
enum cfi_mode cfi_mode;
enum cpu_mitigations cpu_mitigations;
enum cpuhp_smt_control cpu_smt_control;
enum cpuhp_state haltpoll_hp_state, io_wq_online, rdt_online;
enum enable_type pci_realloc_enable;
enum ftrace_bug_type ftrace_bug_type;
enum gds_mitigations gds_mitigation;
enum i8042_controller_reset_mode i8042_reset;
enum its_mitigation its_mitigation;
enum its_mitigation_cmd its_cmd;
enum ksm_advisor_type ksm_advisor;
enum l1d_flush_mitigations l1d_flush_mitigation;
enum l1tf_mitigations l1tf_mitigation;
enum lockdown_reason kernel_locked_down;
enum mds_mitigations mds_mitigation;
enum mmio_mitigations mmio_mitigation;
enum nmi_states nmi_state;
enum numa_topology_type sched_numa_topology_type;
enum pcie_bus_config_types pcie_bus_config;
enum pcpu_fc pcpu_chosen_fc;
enum proc_mem_force proc_mem_force_override;
enum profile_mode aa_g_profile_mode;
enum pti_mode pti_mode;
enum reboot_mode panic_reboot_mode, reboot_mode;
enum reboot_type reboot_type;
enum retbleed_mitigation retbleed_mitigation;
enum retbleed_mitigation_cmd retbleed_cmd;
enum rfds_mitigations rfds_mitigation;
enum s2idle_states s2idle_state;
enum shutdown_state shutting_down;
enum slab_state slab_state;
enum spectre_v1_mitigation spectre_v1_mitigation;
enum spectre_v2_mitigation spectre_v2_enabled;
enum spectre_v2_mitigation_cmd spectre_v2_cmd;
enum spectre_v2_user_mitigation spectre_v2_user_ibpb, spectre_v2_user_stibp;
enum split_lock_detect_state sld_state;
enum srbds_mitigations srbds_mitigation;
enum srso_mitigation srso_mitigation;
enum srso_mitigation_cmd srso_cmd;
enum ssb_mitigation ssb_mode;
enum state next_state;
enum sysctl_writes_mode sysctl_writes_strict;
enum system_states system_state;
enum taa_mitigations taa_mitigation;
enum tsa_mitigations tsa_mitigation;
enum tsx_ctrl_states tsx_ctrl_state;
enum umh_disable_depth usermodehelper_disabled;
enum vmscape_mitigations vmscape_mitigation;
enum vmx_l1d_flush_state l1tf_vmx_mitigation;
enum wq_affn_scope wq_affn_dfl;
enum x86_hypervisor_type x86_hyper_type;
enum xen_domain_type xen_domain_type;
enum xenstore_init xen_store_domain_type;
enum zone_type policy_zone;
struct Qdisc noop_qdisc;
struct Qdisc_class_ops fq_codel_class_ops, mq_class_ops;
struct Qdisc_ops bfifo_qdisc_ops, blackhole_qdisc_ops, *default_qdisc_ops, fq_codel_qdisc_ops, mq_qdisc_ops,
    noop_qdisc_ops, noqueue_qdisc_ops, pfifo_fast_ops, pfifo_head_drop_qdisc_ops, pfifo_qdisc_ops,
    *qdisc_base;
struct _tlb_table intel_tlb_table[];
struct aa_dfa *nulldfa, *stacksplitdfa;
struct aa_label *kernel_t;
struct aa_local_cache aa_local_buffers;
struct aa_ns *root_ns;
struct aa_perms allperms, default_perms, nullperms;
struct aa_policydb *nullpdb;
struct aa_sfs_entry aa_sfs_entry;
struct acpi_comment_node *acpi_gbl_last_list_head;
struct acpi_device *acpi_root, *(*pci_acpi_find_companion_hook)();
struct acpi_device_id acpi_hed_ids[], acpi_platform_serial_table[], amd_hid_ids[], container_device_ids[],
    crb_device_ids[], dw8250_acpi_match[], ec_device_ids[], forbidden_id_list[], ged_acpi_ids[],
    generic_device_ids[], hpet_device_ids[], link_device_ids[], lps0_device_ids[],
    processor_container_ids[], root_device_ids[], serdev_acpi_devices_blacklist[], thermal_device_ids[],
    tpm_acpi_tbl[], vmgenid_acpi_ids[];
struct acpi_ec *boot_ec, *first_ec;
struct acpi_ged_handler_info *acpi_gbl_ged_handler_list;
struct acpi_generic_address acpi_gbl_xpm1a_enable, acpi_gbl_xpm1a_status, acpi_gbl_xpm1b_enable,
    acpi_gbl_xpm1b_status;
struct acpi_gpe_xrupt_info *acpi_gbl_gpe_xrupt_list_head;
struct acpi_interface_info *acpi_gbl_supported_interfaces;
struct acpi_madt_multiproc_wakeup_mailbox *acpi_mp_wake_mailbox;
struct acpi_namespace_node *acpi_gbl_fadt_gpe_device, *acpi_gbl_root_node, acpi_gbl_root_node_struct;
struct acpi_osi_config osi_config;
struct acpi_osi_entry osi_setup_entries[];
struct acpi_pcc_info pcc_ctx;
struct acpi_pci_root_ops acpi_pci_root_ops;
struct acpi_platform_list acpi_blacklist[], plat_info[];
struct acpi_processor *processors;
struct acpi_processor_errata errata;
struct acpi_processor_power acpi_state_table;
struct acpi_rw_lock acpi_gbl_namespace_rw_lock;
struct acpi_scan_handler acpi_pnp_handler, apd_handler, cmos_rtc_handler, container_handler,
    generic_device_handler, int340x_thermal_handler, lps0_handler, lpss_handler, memory_device_handler,
    pci_link_handler, pci_root_handler, processor_container_handler, processor_handler;
struct acpi_sci_handler_info *acpi_gbl_sci_handler_list;
struct acpi_table_desc initial_tables[];
struct acpi_table_erst *erst_tab;
struct acpi_table_facs *acpi_gbl_FACS;
struct acpi_table_fadt acpi_gbl_FADT;
struct acpi_table_header *acpi_gbl_DSDT, acpi_gbl_original_dsdt_header, *dmar_tbl;
struct acpi_table_hest *hest_tab;
struct acpi_table_list acpi_gbl_root_table_list;
struct acpi_vendor_uuid hp_ccsr_uuid;
struct acpiphp_attention_info *attention_info;
struct advisor_ctx advisor_ctx;
struct alarm_base alarm_bases[];
struct amd_lps0_hid_device_data amd_cezanne, amd_picasso;
struct amd_northbridge_info amd_northbridges;
struct amd_uncore **amd_uncore_nb;
struct apei_resources apei_resources_all;
struct aperfmperf cpu_samples;
struct apic *__apicdrivers_apic_physflat, *__apicdrivers_apic_x2apic_cluster, *__apicdrivers_apic_x2apic_phys,
    *__apicdrivers_xen_pv_apic, apic_noop, apic_physflat, apic_x2apic_cluster, apic_x2apic_phys, orig_apic,
    xen_pv_apic;
struct apic_override __x86_apic_override;
struct arch_hybrid_cpu_scale *arch_cpu_scale;
struct assoc_array_ops keyring_assoc_array_ops;
struct asymmetric_key_id *ca_keyid;
struct asymmetric_key_parser x509_key_parser;
struct asymmetric_key_subtype public_key_subtype;
struct async_domain async_dfl_domain, fw_cache_domain, initramfs_domain;
struct atomic_notifier_head dcbevent_notif_chain, die_chain, fips_fail_notif_chain, ghes_report_chain,
    inet6addr_chain, netevent_notif_chain, panic_notifier_list, power_off_handler_list, random_ready_notifier,
    restart_handler_list, vt_notifier_list;
struct audit_cache audit_cache;
struct auditd_connection *auditd_conn;
struct autogroup autogroup_default;
struct avc_cache_stats avc_cache_stats;
struct avc_callback_node *avc_callbacks;
struct backing_dev_info noop_backing_dev_info;
struct balance_callback balance_push_callback, dl_pull_head, dl_push_head, rt_pull_head, rt_push_head;
struct balloon_stats balloon_stats;
struct batch_u16 batched_entropy_u16;
struct batch_u32 batched_entropy_u32;
struct batch_u64 batched_entropy_u64;
struct batch_u8 batched_entropy_u8;
struct bh_accounting bh_accounting;
struct bh_lru bh_lrus;
struct binfmt_misc init_binfmt_misc;
struct bio *bio_dirty_list;
struct bio_set blkdev_dio_pool, fs_bio_set, iomap_ioend_bioset;
struct blk_holder_ops fs_holder_ops;
struct blk_mq_ops bsg_mq_ops, nvme_mq_admin_ops, nvme_mq_ops;
struct blkcg blkcg_root;
struct blkcg_policy blkcg_policy_iocost, blkcg_policy_throtl;
struct block_device_operations nvme_bdev_ops, nvme_ns_head_ops;
struct blocking_notifier_head acpi_chain_head, acpi_hed_notify_list, acpi_reconfig_chain,
    blocking_lsm_notifier_chain, cpufreq_policy_notifier_list, crypto_chain, efivar_ops_nh, fb_notifier_list,
    inet6addr_validator_chain, inetaddr_chain, inetaddr_validator_chain, memory_chain, module_notify_list,
    mt_adistance_algorithms, netlink_chain, oom_notify_list, pm_chain_head, power_off_prep_handler_list,
    power_supply_notifier, reboot_notifier_list, restart_prep_handler_list, thermal_genl_chain,
    tracepoint_notify_list, vendor_record_notify_list, vmap_notify_list, vmfork_chain, x86_mce_decoder_chain,
    xenstore_chain;
struct boot_params boot_params, pvh_bootparams;
struct bp_patching_desc bp_desc;
struct bpf_bprintf_buffers bpf_bprintf_bufs[];
struct bpf_crypto_type bpf_crypto_lskcipher_type;
struct bpf_dispatcher bpf_dispatcher_xdp;
struct bpf_dummy_ops __bpf_bpf_dummy_ops;
struct bpf_func_proto bpf_get_attach_cookie_proto_kmulti, bpf_get_attach_cookie_proto_pe,
    bpf_get_attach_cookie_proto_trace, bpf_get_attach_cookie_proto_tracing,
    bpf_get_attach_cookie_proto_umulti, bpf_get_func_ip_proto_kprobe, bpf_get_func_ip_proto_kprobe_multi,
    bpf_get_func_ip_proto_tracing, bpf_get_func_ip_proto_uprobe_multi, bpf_get_stack_proto_pe,
    bpf_get_stack_proto_raw_tp, bpf_get_stack_proto_tp, bpf_get_stackid_proto_pe,
    bpf_get_stackid_proto_raw_tp, bpf_get_stackid_proto_tp, bpf_perf_event_output_proto_raw_tp,
    bpf_perf_event_output_proto_tp, sk_reuseport_load_bytes_proto, sk_reuseport_load_bytes_relative_proto,
    sk_select_reuseport_proto, sk_skb_adjust_room_proto, sk_skb_change_head_proto, sk_skb_change_tail_proto,
    sk_skb_pull_data_proto;
struct bpf_hrtimer *hrtimer_running;
struct bpf_iter_reg sock_map_iter_reg;
struct bpf_link_ops bpf_netns_link_ops, sock_map_link_ops;
struct bpf_local_storage_cache cgroup_cache, inode_cache, sk_cache, task_cache;
struct bpf_map_ops bpf_map_offload_ops, dev_map_hash_ops, reuseport_array_ops, sock_hash_ops;
struct bpf_mem_alloc bpf_cpumask_ma, bpf_global_ma, bpf_global_percpu_ma;
struct bpf_nested_pt_regs bpf_pt_regs;
struct bpf_preload_ops *bpf_preload_ops;
struct bpf_prog *ptp_insns;
struct bpf_prog_dummy dummy_bpf_prog;
struct bpf_raw_tp_regs bpf_raw_tp_regs;
struct bpf_reg_types btf_id_sock_common_types, context_types, dynptr_types, fullsock_types,
    kptr_xchg_dest_types, mem_types, ringbuf_mem_types, scalar_types, sock_types, spin_lock_types,
    timer_types;
struct bpf_scratchpad bpf_sp;
struct bpf_struct_ops bpf_bpf_dummy_ops, bpf_tcp_congestion_ops;
struct bpf_trace_sample_data bpf_misc_sds, bpf_trace_sds;
struct btf *bpf_dummy_ops_btf, *btf_vmlinux;
struct btf_kfunc_id_set bpf_fsverity_set, bpf_kfunc_set_skb, bpf_kfunc_set_sock_addr, bpf_kfunc_set_tcp_reqsk,
    bpf_kfunc_set_xdp, bpf_mptcp_fmodret_set, bpf_test_modify_return_set;
struct btf_kind_operations array_ops, datasec_ops, decl_tag_ops, enum64_ops, enum_ops, float_ops, func_ops,
    func_proto_ops, fwd_ops, int_ops, modifier_ops, ptr_ops, struct_ops, var_ops;
struct btf_type btf_void, *tcp_congestion_ops_type, *tcp_sock_type;
struct bus_type balloon_subsys, clockevents_subsys, clocksource_subsys, container_subsys, cpu_subsys,
    mce_subsys, memory_subsys, memory_tier_subsys, node_subsys, pmu_bus, serio_bus, virtio_bus, wq_subsys;
struct cache_map *cache_map, init_cache_map[];
struct calipso_map_cache_bkt *calipso_cache;
struct call_function_data cfd_data;
struct callback_head *early_probes, work_exited;
struct callchain_cpus_entries *callchain_cpus_entries;
struct cb_id cn_proc_event_id;
struct cdev console_cdev, ptmx_cdev, tty_cdev, vc0_cdev;
struct ce_array ce_arr;
struct cea_exception_stacks *cea_exception_stacks;
struct cftype blkcg_files[], blkcg_legacy_files[], cgroup1_base_files[], hugetlb_files[],
    hugetlb_legacy_tmpl[], ioc_files[], memory_files[], pids_files_legacy[], throtl_files[];
struct cgroup_rstat_cpu cgrp_dfl_root_rstat_cpu;
struct chipset early_qrk[];
struct cipso_v4_map_cache_bkt *cipso_v4_cache;
struct class block_class, devlink_class, *dma_heap_class, dmi_class, *fb_class, firmware_class, input_class,
    iommu_class, net_class, pcibus_class, port_class, powercap_class, *wakeup_class;
struct class_interface alarmtimer_rtc_interface, devlink_class_intf;
struct clock_event_device ce_broadcast_hrtimer, *global_clock_event, *hv_clock_event, i8253_clockevent,
    lapic_clockevent, lapic_events, *tick_oneshot_wakeup_device, *xen_clockevent, xen_timerop_clockevent,
    xen_vcpuop_clockevent;
struct clocksource clocksource_acpi_pm, clocksource_hpet, clocksource_jiffies, clocksource_tsc,
    clocksource_tsc_early, *curr_clocksource, dummy_clock, hyperv_cs_msr, hyperv_cs_tsc, kvm_clock,
    refined_jiffies, *suspend_clocksource, *watchdog, xen_clocksource;
struct clocksource_base art_base_clk;
struct cmos_rtc cmos_rtc;
struct collapse_control khugepaged_collapse_control;
struct completion early_console_added, i8042_aux_irq_delivered, kthreadd_done, pgdat_init_all_done_comp,
    setup_done, softlockup_completion;
struct con_driver registered_con_driver[];
struct console early_con, *early_console, early_serial_console, early_vga_console, *earlycon_console,
    hvc_console, univ8250_console, vt_console_driver, xenboot_console;
struct console_cmdline console_cmdline[];
struct consw *conswitchp, dummy_con, fb_con, vga_con;
struct context_tracking context_tracking;
struct core_text builtin_coretext;
struct cpc_desc *cpc_desc_ptr;
struct cpio_data acpi_initrd_files[];
struct cpu_cacheinfo ci_cpu_cacheinfo;
struct cpu_dbs_info cpu_dbs;
struct cpu_dev amd_cpu_dev, centaur_cpu_dev, default_cpu, hygon_cpu_dev, intel_cpu_dev, *this_cpu,
    zhaoxin_cpu_dev;
struct cpu_fbatches cpu_fbatches;
struct cpu_hw_events cpu_hw_events;
struct cpu_stop_work push_work, softlockup_stop_work;
struct cpu_stopper cpu_stopper;
struct cpuacct root_cpuacct;
struct cpudata **all_cpu_data, *hybrid_max_perf_cpu;
struct cpufreq_driver amd_pstate_driver, amd_pstate_epp_driver, *cpufreq_driver, *current_pstate_driver,
    *default_driver, intel_cpufreq, intel_pstate, *intel_pstate_driver;
struct cpufreq_governor cpufreq_gov_performance, schedutil_gov;
struct cpufreq_policy *cpufreq_cpu_data;
struct cpuidle_device *acpi_cpuidle_device, cpuidle_dev, *cpuidle_devices, *haltpoll_cpuidle_devices,
    *intel_idle_cpuidle_devices;
struct cpuidle_driver acpi_idle_driver, *cpuidle_curr_driver, haltpoll_driver, intel_idle_driver;
struct cpuidle_governor *cpuidle_curr_governor, *cpuidle_prev_governor, haltpoll_governor, ladder_governor,
    menu_governor;
struct cpuinfo_x86 cpu_info;
struct cpumask __cpu_active_mask, __cpu_dying_mask, __cpu_enabled_mask, __cpu_online_mask,
    __cpu_possible_mask, __cpu_present_mask, __cpu_primary_thread_mask, __tmp_mask, cpus_stop_mask,
    ***sched_domains_numa_masks, watchdog_allowed_mask, watchdog_cpumask, wq_cmdline_cpumask;
struct cpuset *cpuset_attach_old_cs, top_cpuset;
struct crypto_ahash *ima_ahash_tfm;
struct crypto_alg aes_alg;
struct crypto_rng *crypto_default_rng;
struct crypto_shash *apparmor_tfm, *crc64_rocksoft_tfm, *crct10dif_tfm, *hash_tfm, *hmac_tfm, *ima_shash_tfm;
struct crypto_type crypto_acomp_type, crypto_aead_type, crypto_ahash_type, crypto_akcipher_type,
    crypto_kpp_type, crypto_lskcipher_type, crypto_rng_type, crypto_scomp_type, crypto_shash_type,
    crypto_sig_type, crypto_skcipher_type;
struct cstate_entry *cpu_cstate_entry;
struct ctl_table kernel_io_uring_disabled_table[], nf_lwtunnel_sysctl_table[], pid_ns_ctl_table_vm[],
    signal_debug_table[], vm_compaction[], vm_userfaultfd_table[];
struct ctl_table_header *hv_ctl_table_hdr, *ip6_ctl_header, *ip6_header, *itmt_sysctl_header, *net_header,
    *nf_log_sysctl_fhdr, *sysctl_header;
struct ctl_table_poll domainname_poll, hostname_poll;
struct ctl_table_root net_sysctl_root, sysctl_table_root;
struct cxl_driver cxl_port_driver, cxl_region_driver;
struct cyc2ns cyc2ns;
struct cyc2ns_data vmware_cyc2ns;
struct damon_operations damon_registered_ops[];
struct damos_access_pattern damon_lru_sort_stub_pattern;
struct damos_quota damon_lru_sort_quota, damon_reclaim_quota;
struct damos_stat damon_lru_sort_cold_stat, damon_lru_sort_hot_stat, damon_reclaim_stat;
struct damos_watermarks damon_lru_sort_wmarks, damon_reclaim_wmarks;
struct dax_operations virtio_fs_dax_ops;
struct debug_store cpu_debug_store;
struct delayed_work cec_work, check_lifetime_work, deferred_probe_timeout_work, delayed_fput_work,
    delayed_mntput_work, dirtytime_work, em_update_work, hv_reenlightenment_work,
    hw_failure_emergency_poweroff_work, ima_keys_delayed_work, kfence_timer, klp_transition_work,
    linkwatch_work, optimizing_work, pci_pme_work, perf_sched_work, quota_release_work, reaper_work, shepherd,
    sl_reenable, sl_reenable_unlock, stats_flush_dwork, tsc_irqwork, vmstat_work;
struct demotion_nodes *node_demotion;
struct dentry *acpi_debugfs_dir, *acpi_ec_debugfs_dir, *arch_debugfs_dir, *bdi_debug_root, *blk_debugfs_root,
    *component_debugfs_dir, *cxl_debugfs, *debugfs_resctrl, *debugfs_sched, *dma_buf_debugfs_dir, *evm_dir,
    *evm_init_tpm, *evm_symlink, *ima_dir, *ima_symlink, *integrity_dir, *policy_root, *ras_debugfs_dir,
    *sd_dentry, *slab_debugfs_root, *stat_dir, *trace_instance_dir, *zswap_debugfs_root;
struct dentry_operations debugfs_dops, kernfs_dops;
struct dentry_stat_t dentry_stat;
struct desc_ptr idt_desc, idt_descr;
struct dev_ch_attribute dev_attr_legacy_ch0_ce_count, dev_attr_legacy_ch0_dimm_label,
    dev_attr_legacy_ch10_ce_count, dev_attr_legacy_ch10_dimm_label, dev_attr_legacy_ch11_ce_count,
    dev_attr_legacy_ch11_dimm_label, dev_attr_legacy_ch12_ce_count, dev_attr_legacy_ch12_dimm_label,
    dev_attr_legacy_ch13_ce_count, dev_attr_legacy_ch13_dimm_label, dev_attr_legacy_ch14_ce_count,
    dev_attr_legacy_ch14_dimm_label, dev_attr_legacy_ch15_ce_count, dev_attr_legacy_ch15_dimm_label,
    dev_attr_legacy_ch1_ce_count, dev_attr_legacy_ch1_dimm_label, dev_attr_legacy_ch2_ce_count,
    dev_attr_legacy_ch2_dimm_label, dev_attr_legacy_ch3_ce_count, dev_attr_legacy_ch3_dimm_label,
    dev_attr_legacy_ch4_ce_count, dev_attr_legacy_ch4_dimm_label, dev_attr_legacy_ch5_ce_count,
    dev_attr_legacy_ch5_dimm_label, dev_attr_legacy_ch6_ce_count, dev_attr_legacy_ch6_dimm_label,
    dev_attr_legacy_ch7_ce_count, dev_attr_legacy_ch7_dimm_label, dev_attr_legacy_ch8_ce_count,
    dev_attr_legacy_ch8_dimm_label, dev_attr_legacy_ch9_ce_count, dev_attr_legacy_ch9_dimm_label;
struct dev_ext_attribute dev_attr_check_interval, dev_attr_cmci_disabled, dev_attr_dont_log_ce,
    dev_attr_ignore_ce, dev_attr_max_retry_count, dev_attr_max_schedule_delay, dev_attr_monarch_timeout,
    dev_attr_print_all, dev_attr_retry_count, dev_attr_schedule_delay, dev_attr_scrub_pages;
struct dev_pm_domain acpi_general_pm_domain;
struct dev_pm_ops acpi_ec_pm, acpi_thermal_pm, alarmtimer_pm_ops, cmos_pm_ops, crb_pm, dw8250_pm_ops,
    i8042_pm_ops, pcie_portdrv_pm_ops, pciserial_pm_ops, platform_pm_ops, serial_pnp_pm_ops, serial_port_pm,
    serio_pm_ops, tpm_tis_pm, virtio_pci_pm_ops, xenbus_pm_ops;
struct device balloon_dev, *ci_cache_dev, **ci_index_dev, *consdev, *cpu_sys_devices, device_clocksource,
    *dmi_dev, *fbcon_device, *mce_device, platform_bus, tick_bc_dev, tick_percpu_dev, *tty0dev;
struct device_attribute dev_attr_netdev_group, sys_dmi_modalias_attr;
struct device_driver acpi_processor_driver, serial_ctrl_driver, serial_port_driver;
struct device_type cxl_dax_region_type, cxl_decoder_endpoint_type, cxl_decoder_root_type,
    cxl_decoder_switch_type, cxl_memdev_type, cxl_nvdimm_bridge_type, cxl_nvdimm_type, cxl_pmem_region_type,
    cxl_pmu_type, cxl_port_type, cxl_region_type, dax_mapping_type, dev_dax_type, disk_type, input_dev_type,
    part_type, pci_dev_type, power_supply_dev_type, serdev_ctrl_type, serdev_device_type, serial_ctrl_type,
    serial_port_type;
struct devinet_sysctl_table devinet_sysctl;
struct devlink_dpipe_header devlink_dpipe_header_ethernet, devlink_dpipe_header_ipv4,
    devlink_dpipe_header_ipv6;
struct devlink_port_ops devlink_port_dummy_ops;
struct dh_safe_prime ffdhe2048_prime, ffdhe3072_prime, ffdhe4096_prime, ffdhe6144_prime, ffdhe8192_prime;
struct dim_cq_moder rx_profile[][5], tx_profile[][5];
struct dma_buf_ops system_heap_buf_ops, udmabuf_ops;
struct dma_fence dma_fence_stub;
struct dma_fence_ops dma_fence_array_ops, dma_fence_chain_ops, dma_fence_stub_ops;
struct dma_heap_ops system_heap_ops;
struct dma_map_ops dma_dummy_ops, *dma_ops, xen_swiotlb_dma_ops;
struct dqstats dqstats;
struct dquot_operations dquot_operations, ext4_quota_operations;
struct drop_reason_list drop_reasons_core;
struct dst_metrics dst_default_metrics;
struct dst_ops dst_blackhole_ops, ip6_dst_blackhole_ops, ip6_dst_ops_template, ipv4_dst_blackhole_ops,
    ipv4_dst_ops, sch_frag_dst_ops, xfrm4_dst_ops_template, xfrm6_dst_ops_template;
struct dyn_event_operations eprobe_dyn_event_ops, synth_event_ops, trace_fprobe_ops, trace_kprobe_ops,
    trace_uprobe_ops;
struct e820_table *e820_table, *e820_table_firmware, e820_table_firmware_init, e820_table_init,
    *e820_table_kexec, e820_table_kexec_init, xen_e820_table;
struct early_load_data early_data;
struct earlycon_device early_console_dev;
struct ecc_curve ecc_25519, nist_p192, nist_p256, nist_p384, nist_p521;
struct edid_info edid_info;
struct efi_freeable_range *ranges_to_free;
struct efi_mokvar_table_entry *efi_mokvar_table_va;
struct efi_runtime_work efi_rts_work;
struct efivar_operations generic_ops;
struct efivars *__efivars, generic_efivars;
struct entry_stack_page entry_stack_storage;
struct epitems_head *tfile_check_list;
struct equiv_cpu_table equiv_table;
struct erst_erange erst_erange;
struct erst_record_id_cache erst_record_id_cache;
struct ethtool_ops default_ethtool_ops, loopback_ethtool_ops, netkit_ethtool_ops;
struct ethtool_phy_ops *ethtool_phy_ops;
struct event_command event_trigger_cmd, trigger_disable_cmd, trigger_enable_cmd, trigger_hist_cmd,
    trigger_hist_disable_cmd, trigger_hist_enable_cmd, trigger_snapshot_cmd, trigger_stacktrace_cmd,
    trigger_traceoff_cmd, trigger_traceon_cmd;
struct event_counter *all_counters;
struct event_trigger_ops eprobe_trigger_ops, event_hist_trigger_named_ops, hist_disable_count_trigger_ops,
    hist_disable_trigger_ops, hist_enable_count_trigger_ops, hist_enable_trigger_ops,
    snapshot_count_trigger_ops, snapshot_trigger_ops, stacktrace_count_trigger_ops, stacktrace_trigger_ops,
    traceoff_count_trigger_ops, traceoff_trigger_ops, traceon_count_trigger_ops, traceon_trigger_ops;
struct eventpoll *inserting_into;
struct evtchn_fifo_control_block *cpu_control_block;
struct evtchn_fifo_queue cpu_queue;
struct evtchn_ops *evtchn_ops, evtchn_ops_2l, evtchn_ops_fifo;
struct exception_stacks exception_stacks;
struct execmem_info default_execmem_info;
struct export_operations ext4_export_ops, fuse_export_fid_operations, fuse_export_operations,
    kernfs_export_ops, shmem_export_ops;
struct ext4_lazy_init *ext4_li_info;
struct fast_pool irq_randomness;
struct fasync_struct *fasync;
struct fb_cmap default_16_colors, default_2_colors, default_4_colors, default_8_colors, palette_cmap;
struct fb_deferred_io xenfb_defio;
struct fb_fix_screeninfo efifb_fix;
struct fb_ops efifb_ops, xenfb_fb_ops;
struct fb_var_screeninfo efifb_defined;
struct fb_videomode modedb[], vesa_modes[];
struct fbcon_display fb_display[];
struct fgraph_ops *fgraph_direct_gops, fgraph_stub, funcgraph_ops;
struct fib6_info fib6_null_entry_template;
struct fib_notifier_ops fib4_notifier_ops_template, fib6_notifier_ops_template, ip6mr_notifier_ops_template,
    ipmr_notifier_ops_template;
struct fib_rules_ops fib4_rules_ops_template, fib6_rules_ops_template, ip6mr_rules_ops_template,
    ipmr_rules_ops_template;
struct file *hib_resume_bdev_file, *redirect;
struct file_lock_list_struct file_lock_list;
struct file_operations aa_fs_profile_load, aa_fs_profile_remove, aa_fs_profile_replace, aa_sfs_access,
    acpi_ec_io_ops, action_threshold_ops, bpf_link_fops_poll, debugfs_devm_entry_ops, decay_interval_ops,
    dfs_cpu_ops, dfs_dom_ops, dynamic_events_ops, empty_dir_operations, evm_key_ops, ext4_dir_operations,
    fuse_conn_congestion_threshold_ops, fuse_conn_max_background_ops, fuse_ctl_abort_ops,
    fuse_ctl_waiting_ops, fuse_dev_operations, fuse_dir_operations, ima_ascii_measurements_ops,
    ima_htable_violations_ops, ima_measure_policy_ops, ima_measurements_count_ops, ima_measurements_ops,
    kprobe_events_ops, kprobe_profile_ops, lockdown_ops, lsm_ops, proc_apparmor_attr_dir_ops,
    proc_attr_dir_operations, proc_auxv_operations, proc_clear_refs_operations,
    proc_coredump_filter_operations, proc_dir_operations, proc_environ_operations, proc_fd_operations,
    proc_fdinfo_operations, proc_gid_map_operations, proc_iter_file_ops_compat, proc_loginuid_operations,
    proc_map_files_operations, proc_mem_operations, proc_mountinfo_operations, proc_mounts_operations,
    proc_mountstats_operations, proc_net_operations, proc_ns_dir_operations, proc_oom_adj_operations,
    proc_oom_score_adj_operations, proc_pagemap_operations, proc_pid_attr_operations, proc_pid_cmdline_ops,
    proc_pid_maps_operations, proc_pid_numa_maps_operations, proc_pid_sched_autogroup_operations,
    proc_pid_sched_operations, proc_pid_set_comm_operations, proc_pid_set_timerslack_ns_operations,
    proc_pid_smaps_operations, proc_pid_smaps_rollup_operations, proc_projid_map_operations,
    proc_reg_file_ops_compat, proc_root_operations, proc_sessionid_operations, proc_setgroups_operations,
    proc_task_operations, proc_tgid_base_operations, proc_tid_base_operations, proc_tid_children_operations,
    proc_timens_offsets_operations, proc_timers_operations, proc_uid_map_operations, rng_chrdev_ops,
    seccomp_notify_ops, sel_avc_cache_stats_ops, sel_avc_cache_threshold_ops, sel_avc_hash_stats_ops,
    sel_bool_ops, sel_checkreqprot_ops, sel_class_ops, sel_commit_bools_ops, sel_disable_ops, sel_enforce_ops,
    sel_handle_status_ops, sel_handle_unknown_ops, sel_initcon_ops, sel_load_ops, sel_mls_ops, sel_perm_ops,
    sel_policy_ops, sel_policycap_ops, sel_policyvers_ops, sel_sidtab_hash_stats_ops, sel_transition_ops,
    shm_file_operations_huge, simple_dir_operations, simple_offset_dir_operations, tomoyo_operations,
    tomoyo_self_operations, tpm_bios_measurements_ops, transaction_ops, uprobe_events_ops, uprobe_profile_ops;
struct file_system_type aafs_ops, bd_type, fs_type, pidfs_type, secretmem_fs;
struct files_stat_struct files_stat;
struct firmware_cache fw_cache;
struct flow_dissector flow_keys_basic_dissector, flow_keys_dissector, flow_keys_dissector_symmetric,
    xfrm_session_dissector;
struct flush_tlb_info flush_tlb_info;
struct folio *huge_zero_folio;
struct font_data fontdata_8x16, fontdata_8x8, fontdata_ter16x32;
struct font_desc font_ter_16x32, font_vga_8x16, font_vga_8x8;
struct fpu *fpu_fpregs_owner_ctx;
struct fpu_state_config fpu_kernel_cfg, fpu_user_cfg;
struct fs_context_operations fuse_context_submount_ops;
struct fscrypt_operations ext4_cryptops;
struct fsnotify_group *audit_fsnotify_group, *audit_tree_group, *audit_watch_group, *dnotify_group;
struct fsnotify_mark_connector *connector_destroy_list;
struct fsnotify_ops audit_tree_ops;
struct fsverity_operations ext4_verityops;
struct ftrace_func_command event_disable_cmd, event_enable_cmd, ftrace_cpudump_cmd, ftrace_dump_cmd,
    ftrace_mod_cmd, ftrace_snapshot_cmd, ftrace_stacktrace_cmd, ftrace_traceoff_cmd, ftrace_traceon_cmd;
struct ftrace_hash *direct_functions, empty_hash, *ftrace_graph_hash, *ftrace_graph_notrace_hash;
struct ftrace_ops direct_ops, *function_trace_op, global_ops, graph_ops, kprobe_ftrace_ops,
    kprobe_ipmodify_ops, *removed_ops, *set_function_trace_op, trace_ops;
struct ftrace_page *ftrace_pages, *ftrace_pages_start;
struct ftrace_probe_ops event_disable_count_probe_ops, event_disable_probe_ops, event_enable_count_probe_ops,
    event_enable_probe_ops;
struct ftrace_stacks ftrace_stacks;
struct fuse_iqueue_ops fuse_dev_fiq_ops, virtio_fs_fiq_ops;
struct futex_q futex_q_init;
struct fw_upload_ops cxl_memdev_fw_ops;
struct fwnode_handle efifb_fwnode, *i8042_kbd_fwnode, *(*pci_msi_get_fwnode_cb)();
struct fwnode_operations software_node_ops;
struct gdt_page gdt_page;
struct gen_cookie bpf_map_cookie, net_cookie, sock_cookie;
struct gen_pool *ghes_estatus_pool, *mce_evt_pool;
struct genl_family devlink_nl_family, family, genl_ctrl, handshake_nl_family, netdev_nl_family,
    tcp_metrics_nl_family;
struct genl_ops ioam6_genl_ops[], mptcp_pm_nl_ops[], seg6_genl_ops[], taskstats_ops[];
struct genl_split_ops handshake_nl_ops[];
struct ghcb *boot_ghcb, boot_ghcb_page;
struct global_params global;
struct gnttab_free_callback *gnttab_free_callback_list;
struct gnttab_ops *gnttab_interface, gnttab_v1_ops, gnttab_v2_ops;
struct gnttab_vm_area gnttab_shared_vm_area, gnttab_status_vm_area;
struct grant_frames xen_auto_xlat_grant_frames;
struct gro_cells gro_cells;
struct group_info init_groups;
struct handshake_proto tls_handshake_proto;
struct header_ops eth_header_ops, fc_header_ops, ip_tunnel_header_ops;
struct hfi_cpu_info hfi_cpu_info;
struct hfi_features hfi_features;
struct hfi_instance *hfi_instances;
struct hist_pad *hist_pads;
struct hlist_bl_head *dentry_hashtable;
struct hlist_head console_list, *dquot_hash, *fib_info_hash, *fib_info_laddrhash, *inode_hashtable,
    irq_resend_list, *mount_hashtable, *mountpoint_hashtable, return_notifier_list, unmounted,
    xfrm_state_dev_gc_list, xfrm_state_gc_list;
struct hotplug_slot_ops acpi_hotplug_slot_ops;
struct housekeeping housekeeping;
struct hpet_base hpet_base;
struct hpet_channel *cpu_hpet_channel;
struct hpx_type0 pci_default_type0;
struct hrtimer bctimer, sync_hrtimer, watchdog_hrtimer;
struct hrtimer_cpu_base hrtimer_bases, migration_cpu_base;
struct hugetlb_cgroup *root_h_cgroup;
struct hv_ops dom0_hvc_ops, domU_hvc_ops, hv_ops;
struct hv_vp_assist_page **hv_vp_assist_page;
struct hvm_start_info pvh_start_info;
struct hwrng *current_rng;
struct ida mem_id_pool, memregion_ids, net_generic_ids, swnode_root_ids;
struct idle_inject_device *idle_inject_device;
struct idle_inject_thread idle_inject_thread;
struct ima_algo_desc *ima_algo_array;
struct ima_rule_entry *arch_policy_entry;
struct ima_template_desc *ima_buf_template, *ima_template;
struct in6_addr mld2_all_mcr;
struct inet6_protocol ah6_protocol, destopt_protocol, esp6_protocol, frag_protocol, icmpv6_protocol,
    ipcomp6_protocol, nodata_protocol, pim6_protocol, rthdr_protocol, udplitev6_protocol;
struct inet_connection_sock_af_ops ipv4_specific, ipv6_mapped, ipv6_specific, subflow_specific,
    subflow_v6_specific, subflow_v6m_specific;
struct inet_frags ip4_frags, ip6_frags;
struct inet_hashinfo tcp_hashinfo;
struct inode *anon_inode_inode, *iomem_inode;
struct inode_operations proc_sys_dir_operations, shmem_short_symlink_operations;
struct inodes_stat_t inodes_stat;
struct input_device_id input_leds_ids[], kbd_ids[], sysrq_ids[];
struct input_handler input_leds_handler, kbd_handler, sysrq_handler;
struct intel_pmic_opregion *intel_pmic_opregion;
struct io_tlb_mem io_tlb_default_mem;
struct ioapic ioapics[];
struct iomap_dio_ops ext4_dio_write_ops;
struct iomap_ops blkdev_iomap_ops, ext4_iomap_ops, ext4_iomap_overwrite_ops, ext4_iomap_report_ops,
    ext4_iomap_xattr_ops;
struct iommu_domain blocking_domain, identity_domain;
struct iommu_domain_ops intel_nested_domain_ops, intel_svm_domain_ops;
struct iommu_ops intel_iommu_ops;
struct ip6_ra_chain *ip6_ra_chain;
struct ip_rt_acct *ip_rt_acct;
struct ipe_policy *ipe_active_policy;
struct ipv4_devconf ipv4_devconf, ipv4_devconf_dflt;
struct ipv6_bpf_stub *ipv6_bpf_stub, ipv6_bpf_stub_impl;
struct ipv6_devconf ipv6_devconf, ipv6_devconf_dflt;
struct ipv6_params ipv6_defaults;
struct ipv6_stub *ipv6_stub, ipv6_stub_impl;
struct irq_chip dmar_msi_controller, dummy_irq_chip, hpet_msi_controller, hv_pci_msi_controller,
    hyperv_ir_chip, hyperv_root_ir_chip, i8259A_chip, intel_ir_chip, ioapic_chip, ioapic_ir_chip, lapic_chip,
    lapic_controller, no_irq_chip, xen_dynamic_chip, xen_lateeoi_chip, xen_percpu_chip, xen_pirq_chip;
struct irq_domain *hpet_domain, *irq_default_domain, *x86_pci_msi_default_domain, *x86_vector_domain;
struct irq_domain_ops hyperv_ir_domain_ops, hyperv_root_ir_domain_ops, intel_ir_domain_ops,
    irq_domain_simple_ops, mp_ioapic_irqdomain_ops, msi_domain_ops, x86_vector_domain_ops;
struct irq_matrix *vector_matrix;
struct irq_remap_ops hyperv_irq_remap_ops, intel_irq_remap_ops, *remap_ops;
struct irq_router pirq_router;
struct irq_routing_table *pirq_table;
struct irq_stack irq_stack_backing_store;
struct irq_work bh_pool_irq_works[], ghes_proc_irq_work, hist_poll_work, irq_work_NMI_resume, mce_irq_work,
    nohz_full_kick_work, perf_duration_work, wake_up_klogd_work;
struct irqaction chained_action;
struct k_clock alarm_clock, clock_boottime, clock_monotonic, clock_monotonic_coarse, clock_monotonic_raw,
    clock_posix_cpu, clock_posix_dynamic, clock_process, clock_realtime, clock_realtime_coarse, clock_tai,
    clock_thread;
struct kbd_led_trigger kbd_led_triggers[];
struct kcore_list kcore_modules, kcore_text, kcore_vmalloc, kcore_vsyscall;
struct kernel_cpustat kernel_cpustat;
struct kernel_param_ops do_rcu_barrier_ops, first_fqs_jiffies_ops, io_queue_count_ops, io_queue_depth_ops,
    memmap_mode_ops, next_fqs_jiffies_ops, online_policy_ops, param_array_ops, wq_affn_dfl_ops;
struct kernfs_global_locks *kernfs_locks;
struct kernfs_node *kernfs_notify_list, *kn_info, *kn_mondata, *kn_mongrp, *sysfs_root_kn;
struct kernfs_ops cgroup_kf_ops, cgroup_kf_single_ops, kf_mondata_ops, rdtgroup_kf_single_ops,
    sysfs_bin_kfops_mmap, sysfs_bin_kfops_ro, sysfs_bin_kfops_rw, sysfs_bin_kfops_wo, sysfs_file_kfops_empty,
    sysfs_file_kfops_ro, sysfs_file_kfops_rw, sysfs_file_kfops_wo, sysfs_prealloc_kfops_ro,
    sysfs_prealloc_kfops_rw, sysfs_prealloc_kfops_wo;
struct kernfs_root *rdt_root;
struct kernfs_syscall_ops cgroup1_kf_syscall_ops, cgroup_kf_syscall_ops, rdtgroup_kf_syscall_ops;
struct kexec_file_ops kexec_bzImage64_ops;
struct kexec_load_limit load_limit_panic, load_limit_reboot;
struct key *blacklist_keyring, *builtin_trusted_keys, *fsverity_keyring, *machine_trusted_keys, *nvme_keyring,
    *platform_trusted_keys, *secondary_trusted_keys, *sed_opal_keyring;
struct key_tag init_net_key_domain;
struct key_type *key_gc_dead_keytype, nvme_tls_psk_key_type;
struct key_user root_key_user;
struct kfence_metadata *kfence_metadata, *kfence_metadata_init;
struct khugepaged_scan khugepaged_scan;
struct kimage *kexec_crash_image, *kexec_image;
struct klp_patch *klp_transition_patch;
struct kmem_cache *acpi_gbl_namespace_cache, *acpi_gbl_operand_cache, *acpi_gbl_ps_node_cache,
    *acpi_gbl_ps_node_ext_cache, *acpi_gbl_state_cache, *audit_buffer_cache, *bio_post_read_ctx_cache,
    *bip_slab, *cred_jar, *damon_region_cache, *dax_cache, *delayacct_cache, *dentry_cache, *dio_cache,
    *dnotify_mark_cache, *dnotify_struct_cache, *ephead_cache, *epi_cache, *fanotify_mark_cache,
    *fasync_cache, *fib6_node_kmem, *filelease_cache, *filelock_cache, *flctx_cache, *fn_alias_kmem,
    *ima_iint_cache, *iova_cache, *iova_magazine_cache, *jbd2_handle_cache, *jbd2_inode_cache,
    *jbd2_journal_head_cache, *jbd2_revoke_record_cache, *jbd2_revoke_table_cache, *kernfs_iattrs_cache,
    *kernfs_node_cache, *key_jar, *kmem_buckets_cache, *kmem_cache, *kmem_cache_node, *lsm_backing_file_cache,
    *lsm_file_cache, *lsm_inode_cache, *maple_node_cache, *mb_entry_cache, *mnt_cache, *nvme_chap_buf_cache,
    *pde_opener_cache, *perf_event_cache, *policy_cache, *posix_timers_cache, *proc_dir_entry_cache,
    *rmap_item_cache, *seq_file_cache, *skbuff_ext_cache, *sn_cache, *stable_node_cache, *task_group_cache,
    *taskstats_cache, *transaction_cache, *trie_leaf_kmem, *uts_ns_cache, *xfrm_dst_cache, *xfrm_state_cache,
    *zswap_entry_cache;
struct kmmio_context kmmio_ctx;
struct kmsg_dumper hv_kmsg_dumper, pstore_dumper;
struct kobj_map *cdev_map;
struct kobj_ns_type_operations net_ns_type_operations;
struct kobj_type hyp_sysfs_kobj_type, irq_kobj_type, klp_ktype_func, klp_ktype_object, klp_ktype_patch,
    padata_attr_type, software_node_type;
struct kobject *block_depr, *cpufreq_global_kobject, *ext4_feat, *ext4_root, *intel_pstate_kobject,
    *irq_kobj_base;
struct kparam_string hibernate_compressor_param_string;
struct kprobe *current_kprobe, kprobe_busy, *kprobe_instance;
struct kprobe_ctlblk kprobe_ctlblk;
struct kprobe_insn_cache kprobe_insn_slots, kprobe_optinsn_slots;
struct kset_uevent_ops bus_uevent_ops, device_uevent_ops, module_uevent_ops, virtio_fs_uevent_ops;
struct ksm_mm_slot ksm_mm_head;
struct ksm_scan ksm_scan;
struct ktermios tty_std_termios;
struct kthread_worker *pwq_release_worker, *rcu_exp_gp_kworker;
struct kvm_steal_time steal_time;
struct kvm_vcpu_pv_apf_data apf_reason;
struct ladder_device ladder_devices;
struct landlock_object_underops landlock_fs_underops;
struct latch_tree_root bpf_tree;
struct latched_seq clear_seq;
struct lateeoi_work lateeoi;
struct led_trigger *ledtrig_disk, *ledtrig_disk_read, *ledtrig_disk_write, *trig_cpu_all, *trigger;
struct led_trigger_cpu cpu_trig;
struct legacy_pic default_legacy_pic, *legacy_pic, null_legacy_pic;
struct linked_page *safe_pages_list;
struct linux_binfmt compat_elf_format, elf_format, script_format;
struct linux_efi_memreserve *efi_memreserve_root;
struct list_head aa_global_buffers, accepting_list, acpi_bus_id_list, acpi_dep_list, acpi_device_del_list,
    acpi_ioremaps, acpi_link_list, acpi_mipi_crs_csi2_list, acpi_power_resource_list, acpi_scan_handlers_list,
    acpi_table_attr_list, acpi_wakeup_device_list, acpi_wakeup_handler_head, act_base, act_pernet_id_list,
    aggregate_devices, all_blkcgs, all_stat_sessions, apertures, asym_cap_list, asymmetric_key_parsers,
    async_global_pending, attribute_container_list, ballooned_pages, bdi_list, blacklisted_initcalls,
    blk_cpu_iopoll, bpf_crypto_types, bpf_trace_modules, bridge_list, btf_modules, bus_type_list,
    calipso_doi_list, cancel_list, cipso_v4_doi_list, clockevent_devices, clockevents_released,
    clocksource_list, component_list, cpufreq_governor_list, cpufreq_policy_list, cpuidle_detected_devices,
    cpuidle_governors, crypto_template_list, dcb_app_list, dcb_rewr_list, ddebug_tables, default_memory_types,
    deferred_list, deferred_probe_active_list, deferred_probe_pending_list, deferred_sync, defined_templates,
    delayed_uprobe_list, destroy_list, dev_map_list, dir_list, disk_events, dmar_atsr_units, dmar_drhd_units,
    dmar_rmrr_units, dmar_satc_units, dmi_devices, dpm_late_early_list, dpm_list, dpm_noirq_list,
    dpm_prepared_list, dpm_suspended_list, dump_list, dyn_event_list, dyn_event_ops_list,
    efi_mokvar_sysfs_list, elv_list, ematch_ops, event_subsystems, evm_config_xattrnames, ex_mountpoints,
    fanout_list, *first_device, flow_block_indr_dev_list, flow_block_indr_list, flow_indir_dev_list,
    free_dquots, free_stacks, free_vmap_area_list, freeing_list, ftrace_commands, ftrace_common_fields,
    ftrace_events, ftrace_generic_fields, ftrace_trace_arrays, fuse_conn_list, ghes_devs, ghes_hed, ghes_nmi,
    heap_list, hotplug_threads, hvc_structs, ima_default_rules, ima_keys, ima_measurements, ima_policy_rules,
    *ima_rules, ima_temp_rules, input_dev_list, input_handler_list, inuse_list, io_range_list, ioapic_list,
    iommu_device_list, irq_domain_list, kclist_head, key_types_list, kfence_freelist, klist_remove_waiters,
    klp_ops, klp_patches, kmalloced_params, kmmio_probes, kprobe_blacklist, kthread_create_list, leds_list,
    link_list, link_ops, localities, lps0_s2idle_devops_head, lweventlist, map_entries_bootmem, mbox_cons,
    memcg_list_lrus, memory_tiers, microcode_cache, migrate_nodes, mii_timestamping_devices, misc_list,
    module_bug_list, module_fw_flash_work_list, module_strings, mptcp_sched_list, named_triggers,
    net_todo_list, nf_sockopts, nosave_regions, nvme_subsystems, nvs_list, nvs_region_list, offline_cgwbs,
    optimizing_list, pack_list, padata_free_works, pci_domain_busn_res_list, pci_hotplug_slot_list,
    pci_mmcfg_list, pci_pme_list, pci_root_buses, pci_root_infos, pcibios_fwaddrmappings, *pcpu_chunk_lists,
    pending_free_dma_bufs, percpu_counters, pgd_list, pm_vt_switch_list, pnp_card_drivers, pnp_cards,
    pnp_global, pnp_protocols, powercap_cntrl_list, prm_module_list, proto_list, prune_list,
    ptracer_relations, qdisc_stab_list, rdmacg_devices, rdt_all_groups, records_list, relay_channels,
    releasing_dquots, resctrl_schema_all, rmid_free_lru, rng_list, rtnl_af_ops, running_trace_list,
    sched_cb_list, serio_event_list, serio_list, sgx_active_page_list, sgx_dirty_page_list, shmem_swaplist,
    shrinker_list, smp_alt_modules, srcu_boot_list, syscore_ops_list, task_groups, tcf_proto_base,
    tcp_cong_list, tcp_ulp_list, thermal_cdev_list, thermal_governor_list, thermal_tz_list, thpsize_list,
    tomoyo_condition_list, tomoyo_domain_list, tomoyo_io_buffer_list, tomoyo_log, tomoyo_namespace_list,
    tomoyo_query_list, trace_bprintk_fmt_list, trace_list, tracefs_inodes, tracepoint_module_list, tree_list,
    trigger_commands, trigger_list, ts_ops, uevent_sock_list, unix_unvisited_vertices, unix_visited_vertices,
    unoptimizing_list, vga_list, vga_user_list, viot_iommus, viot_mmio_endpoints, viot_pci_ranges,
    virtio_fs_instances, vmcore_cb_list, vmcore_list, vt_events, wakeup_sources, watch_events, watchdog_list,
    watches, xb_write_list, xen_irq_list_head, xenbus_valloc_pages, xenconsoles, xfrm_km_list, xs_reply_list,
    zombie_secs_pages, zswap_pools;
struct list_lru shadow_nodes;
struct listener_list listener_array;
struct llist_head call_single_queue, defer_free_list, delayed_fput_list, delayed_mntput_list,
    fqdir_free_list, free_ipc_list, ghes_estatus_llist, hpage_freelist, init_free_list, lazy_list,
    mce_event_llist, raised_list;
struct local_event local_event;
struct lpi_constraints *lpi_constraints_table;
struct lpit_residency_info residency_info_ffh, residency_info_mem;
struct lsm_blob_sizes blob_sizes, ipe_blobs;
struct lsm_info __early_lsm_lockdown, *exclusive;
struct lwtunnel_encap_ops bpf_encap_ops, ip6_tun_lwt_ops, ip_tun_lwt_ops, seg6_iptun_ops, seg6_local_ops;
struct machine_ops machine_ops;
struct maple_tree sparse_irqs;
struct mbox_chan_ops pcc_chan_ops;
struct mbox_client cppc_mbox_cl;
struct mc_buffer mc_buffer;
struct mc_debug_data mc_debug_data_early, *mc_debug_data_ptr;
struct mca_config mca_cfg;
struct mca_storm_desc storm_desc;
struct mce injectm, mces_seen;
struct mce_bank_dev mce_bank_devs[];
struct mce_vendor_flags mce_flags;
struct mem_cgroup *int_active_memcg, *root_mem_cgroup;
struct mem_section **mem_section;
struct memblock memblock;
struct memblock_type *memblock_memory;
struct memcg_stock_pcp memcg_stock;
struct memdev devlist[];
struct memory_bitmap copy_bm, *forbidden_pages_map, *free_pages_map, orig_bm, zero_bm;
struct memory_dev_type *default_dram_type;
struct memory_failure_cpu memory_failure_cpu;
struct memory_provider_ops dmabuf_devmem_ops;
struct mempolicy default_policy;
struct menu_device menu_devices;
struct metadata_dst *md_dst, *xfrm_bpf_md_dst;
struct mfc6_cache_cmp_arg ip6mr_mr_table_ops_cmparg_any;
struct mfc_cache_cmp_arg ipmr_mr_table_ops_cmparg_any;
struct microcode_intel *ucode_patch_late, *ucode_patch_va;
struct microcode_ops microcode_amd_ops, microcode_intel_ops, *microcode_ops;
struct mip6_report_rate_limiter mip6_report_rl;
struct misc_cg root_cg;
struct miscdevice cpu_latency_qos_miscdev, fuse_miscdevice, hpet_misc, rng_miscdev, sgx_dev_enclave,
    sgx_dev_provision, sgx_vepc_dev, snapshot_device, udmabuf_misc, userfaultfd_misc, vga_arb_device,
    xenbus_dev;
struct mlock_fbatch mlock_fbatch;
struct mm_struct efi_mm, *efi_prev_mm, *poking_mm, tboot_mm;
struct mm_walk_ops ksm_next_page_ops, pagemap_ops, pagemap_scan_ops, ptdump_ops, show_numa_ops,
    vmemmap_remap_ops;
struct mmap_unlock_irq_work mmap_unlock_work;
struct mminit_pfnnid_cache early_pfnnid_cache;
struct mmiotrace_rw cpu_trace;
struct mmu_notifier_ops intel_mmuops, sgx_mmu_notifier_ops;
struct mnt_idmap invalid_mnt_idmap, nop_mnt_idmap;
struct module *its_mod;
struct mon_evt llc_occupancy_event, mbm_local_event, mbm_total_event;
struct mount *dest_master, *first_source, *last_dest, *last_source;
struct movable_operations balloon_mops;
struct mptcp_delegated_action mptcp_delegated_actions;
struct mptcp_sched_ops mptcp_sched_default;
struct mr_table_ops ip6mr_mr_table_ops, ipmr_mr_table_ops;
struct ms_hyperv_info ms_hyperv;
struct msi_domain_info dmar_msi_domain_info, hpet_msi_domain_info, hv_pci_msi_domain_info,
    xen_pci_msi_domain_info;
struct msi_domain_ops dmar_msi_domain_ops, hpet_msi_domain_ops, msi_domain_ops_default,
    pci_msi_domain_ops_default, xen_pci_msi_domain_ops;
struct msi_parent_ops dmar_msi_parent_ops, x86_vector_msi_parent_ops;
struct mthp_stat mthp_stats;
struct mtrr_cleanup_result result[];
struct mtrr_ops generic_mtrr_ops, *mtrr_if;
struct mtrr_state_type mtrr_state;
struct mutex __crash_hotplug_lock, acpi_dep_list_lock, acpi_device_del_lock, acpi_device_lock,
    acpi_hp_context_lock, acpi_ioapic_lock, acpi_ioremap_lock, acpi_link_lock, acpi_pm_notifier_install_lock,
    acpi_pm_notifier_lock, acpi_scan_lock, acpi_wakeup_lock, amd_pstate_driver_lock, apertures_lock,
    aspm_lock, bio_slab_lock, blk_mq_cpuhp_lock, bpf_percpu_ma_lock, bpf_preload_lock, bpf_verifier_lock,
    chrdevs_lock, cpu_access_lock, cpu_add_remove_lock, cpufreq_fast_switch_lock, cpuidle_lock,
    crypto_default_rng_lock, damon_lock, damon_ops_lock, damon_sysfs_lock, dax_bus_lock, ddebug_lock,
    default_dram_perf_lock, delayed_uprobe_lock, device_hotplug_lock, device_links_lock, disable_lock,
    domain_list_lock, event_mutex, flow_indr_block_lock, flush_lock, freq_invariance_lock, ftrace_export_lock,
    ftrace_lock, fw_lock, fwnode_link_lock, global_tunables_lock, graph_lock, heap_list_lock,
    hfi_instance_lock, hmem_resource_lock, *hugetlb_fault_mutex_table, hybrid_capacity_lock, idr_lock,
    ima_keys_lock, intel_pstate_driver_lock, intel_pstate_limits_lock, io_port_lock, ioapic_list_lock,
    iommu_probe_device_lock, iommu_sva_lock, ipe_policy_lock, irq_mapping_update_lock,
    keyring_serialise_link_lock, list_lock, major_names_lock, mem_id_lock, memory_tier_lock,
    nf_conn_btf_access_lock, nvme_subsystems_lock, offset_lock, online_page_callback_lock, oom_lock,
    page_pools_lock, param_lock, parser_lock, pci_mmcfg_lock, pci_rescan_remove_lock, pcp_batch_high_lock,
    pmus_lock, pnp_lock, pools_lock, pools_reg_lock, power_resource_list_lock, powercap_cntrl_list_lock,
    pps_idr_lock, probing_active, psinfo_lock, pstore_sb_lock, records_list_lock, registration_lock,
    scomp_lock, slot_list_lock, smpboot_threads_lock, sparse_irq_lock, suspend_stats_lock, syscall_trace_lock,
    syscore_ops_lock, syslog_lock, target_lock, thermal_governor_lock, thermal_list_lock, tomoyo_policy_lock,
    trace_types_lock, tracing_err_log_lock, tstamping_devices_lock, umwait_lock, vm_numa_stat_lock,
    vmap_purge_lock, zombie_secs_pages_lock, *zswap_mutex;
struct mwait_cpu_dead mwait_cpu_dead;
struct napi_alloc_cache napi_alloc_cache;
struct neigh_ops arp_direct_ops, arp_generic_ops, arp_hh_ops, ndisc_direct_ops, ndisc_generic_ops,
    ndisc_hh_ops;
struct neigh_sysctl_table neigh_sysctl_template;
struct neigh_table arp_tbl, nd_tbl;
struct net_device *blackhole_netdev, xfrm_napi_dev;
struct net_device_ops blackhole_netdev_ops, loopback_ops, netkit_netdev_ops;
struct net_hotdata net_hotdata;
struct net_offload dstopt_offload, gre_offload, hbh_offload, ip4ip6_offload, ip6ip6_offload, ipip_offload,
    rthdr_offload, sit_offload;
struct net_protocol ah4_protocol, esp4_protocol, icmp_protocol, igmp_protocol, ipcomp4_protocol, pim_protocol,
    udplite_protocol;
struct netdev_queue noop_netdev_queue;
struct netlbl_calipso_ops *calipso_ops;
struct netlbl_dom_map *netlbl_domhsh_def_ipv4, *netlbl_domhsh_def_ipv6;
struct netlbl_domhsh_tbl *netlbl_domhsh;
struct netlbl_unlhsh_iface *netlbl_unlhsh_def;
struct netlbl_unlhsh_tbl *netlbl_unlhsh;
struct netlink_range_validation netdev_a_page_pool_id_range, netdev_a_page_pool_ifindex_range;
struct netlink_table *nl_table;
struct nf_conntrack_zone nf_ct_zone_dflt;
struct nf_ct_hook *nf_ct_hook;
struct nf_defrag_hook *nf_defrag_v4_hook, *nf_defrag_v6_hook;
struct nf_ipv6_ops ipv6ops, *nf_ipv6_ops;
struct nf_log_buf emergency, *emergency_ptr;
struct nf_nat_hook *nf_nat_hook;
struct nf_queue_handler *nf_queue_handler;
struct nfnl_ct_hook *nfnl_ct_hook;
struct nfs_ssc_client_ops_tbl nfs_ssc_client_tbl;
struct nls_table default_table;
struct nmi_desc nmi_desc[];
struct nmi_stats nmi_stats;
struct notifier_block acpi_platform_notifier, acpi_processor_notifier_block, cryptomgr_notifier,
    dev_map_notifier, fib_inetaddr_notifier, fib_rules_notifier, ftrace_suspend_notifier, ghes_notifier_hed,
    hyperv_die_report_block, hyperv_panic_report_block, i8042_kbd_bind_notifier_block, igmp_notifier,
    ima_lsm_policy_notifier, ip6_mr_notifier, ip6_route_dev_notifier, ip_mr_notifier, ipv6_dev_notf,
    kernel_offset_notifier, kfence_check_canary_notifier, nb_die, netprio_device_notifier, panic_block,
    pci_notifier, perf_reboot_notifier, pm_notifier, rcu_panic_block, rtnetlink_dev_notifier,
    time_cpufreq_notifier_block, trace_die_notifier, trace_panic_notifier, tts_notifier, xen_panic_block,
    xenstore_notifier, xfrm_dev_notifier;
struct numa_meminfo numa_meminfo, numa_reserved_meminfo;
struct nvme_auth_dhgroup_map dhgroup_map[];
struct nvme_core_quirk_entry core_quirks[];
struct nvme_ctrl_ops nvme_pci_ctrl_ops;
struct of_device_id vmgenid_of_ids[];
struct old_serial_port old_serial_port[];
struct optimistic_spin_node osq_node;
struct orc_entry *cur_orc_table, null_orc_entry, orc_fp_entry;
struct packet_offload eth_packet_offload, vlan_packet_offloads[];
struct packet_type arp_packet_type, ip_packet_type, ipv6_packet_type;
struct padata_work *padata_works;
struct page *page_list;
struct page_frag_cache netdev_alloc_cache;
struct page_reporting_dev_info *pr_dev_info;
struct patch_digest phashes[];
struct path aa_null, selinux_null;
struct pbe *restore_pblist;
struct pcc_chan_info *chan_info;
struct pci_bus_region pci_32_bit, pci_64_bit, pci_high;
struct pci_dev *cached_dev, *pirq_router_dev, *screen_info_lfb_pdev, *vga_default;
struct pci_device_id fixed_dma_alias_tbl[], hygon_nb_link_ids[], hygon_nb_misc_ids[], hygon_root_ids[],
    pci_device_id_any, pci_use_msi[], pericom8250_pci_ids[], platform_pci_tbl[], port_pci_ids[],
    virtio_pci_id_table[];
struct pci_driver nvme_driver, pci_compat_driver, pcie_portdriver, pericom8250_pci_driver, platform_driver,
    serial_pci_driver, virtio_pci_driver;
struct pci_error_handlers nvme_err_handler, pcie_portdrv_err_handler, serial8250_err_handler;
struct pci_ops pci_root_ops, quirk_pcie_aspm_ops;
struct pci_raw_ops pci_direct_conf1, pci_direct_conf2, pci_mmcfg, *raw_pci_ext_ops, *raw_pci_ops;
struct pci_serial_quirk pci_serial_quirks[];
struct pcie_port_service_driver aerdriver, dpcdriver, hpdriver_portdrv, pcie_pme_driver;
struct pcpu_chunk *pcpu_first_chunk, *pcpu_reserved_chunk;
struct pcpu_gen_cookie __bpf_map_cookie, __net_cookie, __sock_cookie;
struct per_cpu_nodestat boot_nodestats;
struct per_cpu_zonestat boot_zonestats;
struct percpu_counter mptcp_sockets_allocated, nr_files, tcp_sockets_allocated, vm_committed_as;
struct percpu_rw_semaphore bp_cpuinfo_sem, cgroup_threadgroup_rwsem, cpu_hotplug_lock, dup_mmap_sem,
    file_rwsem, mem_hotplug_lock;
struct perf_callchain_entry __empty_callchain;
struct perf_cpu_context perf_cpu_context;
struct perf_event *watchdog_ev;
struct perf_guest_info_callbacks *perf_guest_cbs, xen_guest_cbs;
struct perf_ibs perf_ibs_fetch, perf_ibs_op;
struct pernet_operations addrconf_ops, af_inet_ops, default_device_ops, dev_proc_ops, devinet_ops,
    icmp_sk_ops, ip4_frags_ops, ip6_frags_ops, ip6_route_net_late_ops, ip6_segments_ops, ip_proc_ops,
    ip_rt_ops, ip_rt_proc_ops, ipv4_inetpeer_ops, ipv4_mib_ops, ipv4_sysctl_ops, ipv6_addr_label_ops,
    ipv6_inetpeer_ops, ipv6_proc_ops, net_inuse_ops, net_ns_ops, proc_net_ns_ops, raw_sysctl_ops,
    rt_genid_ops, sysctl_core_ops, sysctl_route_ops, tcp_net_metrics_ops, tcp_sk_ops, udp_sysctl_ops;
struct pid *cad_pid, init_struct_pid;
struct pid_entry apparmor_attr_dir_stuff[], attr_dir_stuff[];
struct ping_table ping_table;
struct pingv6_ops pingv6_ops;
struct platform_device *force_pdev, *i8042_platform_device, *microcode_pdev, rtc_device, *serial8250_isa_devs,
    sev_guest_device;
struct platform_driver alarmtimer_driver, cmos_platform_driver, dw8250_platform_driver, efifb_driver,
    ged_driver, ghes_platform_driver, i8042_driver, pcc_mbox_driver, serial8250_isa_driver, tis_drv,
    vmgenid_plaform_driver;
struct platform_hibernation_ops acpi_hibernation_ops, acpi_hibernation_ops_old, *hibernation_ops;
struct platform_s2idle_ops acpi_s2idle_ops, acpi_s2idle_ops_lps0, *s2idle_ops;
struct platform_suspend_ops acpi_suspend_ops, acpi_suspend_ops_old, *suspend_ops;
struct plist_head swap_active_head, *swap_avail_heads;
struct pm_qos_constraints cpu_latency_constraints;
struct pmu bts_pmu, perf_breakpoint, perf_cpu_clock, perf_kprobe, perf_swevent, perf_task_clock,
    perf_tracepoint, perf_uprobe, pmu_msr;
struct pmu_event_list pmu_sb_events;
struct pnp_driver cmos_pnp_driver, i8042_pnp_aux_driver, i8042_pnp_kbd_driver, serial_pnp_driver,
    system_pnp_driver, tis_pnp_driver;
struct pnp_protocol pnpacpi_protocol;
struct ports_driver_data pdrvdata;
struct posix_clock_operations ptp_clock_ops;
struct pr_ops nvme_pr_ops;
struct printf_spec default_dec_spec, default_flag_spec, default_str_spec;
struct printk_buffers panic_nbcon_pbufs, printk_shared_pbufs;
struct printk_ringbuffer printk_rb_dynamic, printk_rb_static;
struct proc_dir_entry *acpi_root_dir, *ext4_proc_root, *fb_proc_dir_entry, *proc_bus_input_dir,
    *proc_bus_pci_dir, *proc_jbd2_stats, proc_root, *proc_root_kcore, *proc_tty_driver, *proc_vmcore,
    *root_irq_dir;
struct proc_ns_operations cgroupns_operations, ipcns_operations, mntns_operations, netns_operations,
    pidns_for_children_operations, pidns_operations, timens_for_children_operations, timens_operations,
    userns_operations, utsns_operations;
struct proc_ops acpi_system_wakeup_device_proc_ops, cpuinfo_proc_ops, default_affinity_proc_ops,
    input_devices_proc_ops, input_handlers_proc_ops, irq_affinity_list_proc_ops, irq_affinity_proc_ops,
    jbd2_info_proc_ops, kallsyms_proc_ops, kcore_proc_ops, kmsg_proc_ops, kpagecgroup_proc_ops,
    kpagecount_proc_ops, kpageflags_proc_ops, modules_proc_ops, mtrr_proc_ops, proc_bus_pci_ops, proc_fops,
    proc_net_single_ops, proc_single_ops, profile_proc_ops, psi_cpu_proc_ops, psi_io_proc_ops,
    psi_memory_proc_ops, slabinfo_proc_ops, stat_proc_ops, swaps_proc_ops, sysrq_trigger_proc_ops,
    sysvipc_proc_ops, vmcore_proc_ops;
struct proto bpf_dummy_proto, mptcp_prot, mptcp_v6_prot, netlink_proto, packet_proto, ping_prot, pingv6_prot,
    raw_prot, rawv6_prot, tcp_prot, tcp_prot_override, tcpv6_prot, tcpv6_prot_override, *tcpv6_prot_saved,
    udp_prot, udplite_prot, udplitev6_prot, udpv6_prot, *udpv6_prot_saved, unix_dgram_bpf_prot,
    *unix_dgram_prot_saved, unix_dgram_proto, unix_stream_bpf_prot, *unix_stream_prot_saved,
    unix_stream_proto, xsk_proto;
struct proto_ops inet6_sockraw_ops, inet_sockraw_ops, netlink_ops, packet_ops, packet_ops_spkt,
    unix_seqpacket_ops, xsk_proto_ops;
struct prt_quirk prt_quirks[];
struct psi_group psi_system;
struct psi_group_cpu system_group_pcpu;
struct pstate_funcs airmont_funcs, core_funcs, knl_funcs, pstate_funcs, silvermont_funcs;
struct pstore_info erst_info, *psinfo;
struct pt pt_ctx;
struct pt_pmu pt_pmu;
struct pt_regs *__irq_regs, __perf_regs[], exec_summary_regs, nmi_user_regs;
struct pv_hash_entry *pv_lock_hash;
struct pv_info pv_info;
struct pvclock_vsyscall_time_info hv_clock_boot[], *hv_clock_per_cpu, *hvclock_mem, *pvti_cpu0_va, *xen_clock;
struct pvclock_wall_clock wall_clock;
struct qdisc_rate_table *qdisc_rtab_list;
struct qnode qnodes[];
struct qstr dotdot_name, empty_name, slash_name;
struct quirk_entry quirk_amd_7k62, *quirks;
struct quota_format_type *quota_formats;
struct quotactl_ops dquot_quotactl_sysfile_ops, ext4_qctl_operations;
struct radix_tree_preload radix_tree_preloads;
struct raw_hashinfo raw_v4_hashinfo, raw_v6_hashinfo;
struct raw_notifier_head netdev_chain, pvclock_gtod_chain, xen_resume_notifier;
struct rb_root bdi_tree, free_vmap_area_root, key_serial_tree, key_user_tree, *root_stable_tree,
    *root_unstable_tree, swsusp_extents, uprobes_tree;
struct rb_root_cached memtype_rbroot;
struct rchan_callbacks blk_relay_callbacks;
struct rcu_data rcu_data;
struct rcu_tasks rcu_tasks, rcu_tasks_rude, rcu_tasks_trace;
struct rcu_tasks_percpu rcu_tasks__percpu, rcu_tasks_rude__percpu, rcu_tasks_trace__percpu;
struct rcuwait manager_wait;
struct rdtgroup rdtgroup_default;
struct real_mode_header *real_mode_header;
struct req *requests;
struct request_sock_ops mptcp_subflow_v4_request_sock_ops, mptcp_subflow_v6_request_sock_ops,
    tcp6_request_sock_ops, tcp_request_sock_ops;
struct reserve_mem_table reserved_mem_table[];
struct resource adapter_rom_resources[], bss_resource, busn_resource, code_resource, crashk_low_res,
    crashk_res, data_resource, *e820_res, extension_rom_resource, hmem_active, *hpet_res,
    intel_graphics_stolen_res, *ioapic_resources, lapic_resource, reserve_ioports, rodata_resource,
    standard_io_resources[], system_rom_resource, *target_resource, video_rom_resource;
struct rhashtable handshake_rhashtbl, *mem_id_ht, offdevs, xfrm_policy_inexact_table;
struct rhashtable_params handshake_rhash_params, ip6mr_rht_params, ipc_kht_params, ipmr_rht_params,
    mem_id_rht_params, netlink_rhashtable_params, offdevs_params, rht_ns_params, rht_params, rht_sc_params,
    task_bps_ht_params, xfrm_pol_inexact_params;
struct rhltable task_bps_ht;
struct ring_buffer_event *trace_buffered_event;
struct rmid_entry *rmid_ptrs;
struct root_domain def_root_domain;
struct rq runqueues;
struct rq_qos_ops ioc_rqos_ops, wbt_rqos_ops;
struct rt6_info ip6_blk_hole_entry_template, ip6_null_entry_template, ip6_prohibit_entry_template;
struct rt_cache_stat rt_cache_stat;
struct rtc_class_ops cmos_rtc_ops;
struct rtc_device *rtcdev;
struct rtc_time hpet_alarm_time;
struct rtc_timer rtctimer;
struct rtnl_af_ops inet6_ops, inet_af_ops;
struct rtnl_link_ops netkit_link_ops;
struct rw_semaphore all_cpu_access_lock, asymmetric_key_parsers_sem, bpf_crypto_types_sem, bpf_devs_lock,
    bus_type_sem, cb_lock, crypto_alg_sem, cxl_dpa_rwsem, cxl_memdev_rwsem, cxl_region_rwsem, dax_dev_rwsem,
    dax_region_rwsem, dev_addr_sem, devnet_rename_sem, dmar_global_lock, key_types_sem,
    keyring_serialise_restrict_sem, leds_list_lock, mem_enc_lock, namespace_sem, net_rwsem,
    page_offline_rwsem, pci_acpi_companion_lookup_sem, pci_bus_sem, pernet_ops_rwsem, trace_event_sem,
    triggers_list_lock, umhelper_sem, uts_sem, xs_watch_rwsem;
struct saved_alias *alias_list;
struct saved_cmdlines_buffer *savedcmd;
struct saved_context saved_context;
struct sch_frag_data sch_frag_data_storage;
struct sched_clock_data sched_clock_data;
struct sched_domain *sd_asym_cpucapacity, *sd_asym_packing, *sd_llc, *sd_numa;
struct sched_domain_shared *sd_llc_shared;
struct sched_domain_topology_level *sched_domain_topology, *sched_domain_topology_saved;
struct scomp_scratch scomp_scratch;
struct screen_info screen_info, *vga_si;
struct security_class_mapping secclass_map[];
struct seg6_action_param seg6_action_params[];
struct seg6_hmac_algo hmac_algos[];
struct selinux_avc selinux_avc;
struct semaphore buslock_sem, console_sem, efivars_lock;
struct send_signal_irq_work send_signal_work;
struct seq_buf last_cmd_status;
struct seq_operations aa_sfs_profiles_op, bpf_iter_ksym_ops, consoles_op, cpuinfo_op, devinfo_ops,
    diskstats_op, ext4_mb_seq_groups_ops, ext4_mb_seq_structs_summary_ops, extfrag_sops, fragmentation_op,
    ftrace_no_pid_sops, ftrace_pid_sops, jbd2_seq_info_ops, kallsyms_op, kprobe_blacklist_sops, kprobes_sops,
    locks_seq_operations, modules_op, mounts_op, objects_sops, pagetypeinfo_op, partitions_op,
    proc_bus_pci_devices_op, proc_gid_seq_operations, proc_key_users_ops, proc_keys_ops, proc_pid_maps_op,
    proc_pid_numa_maps_op, proc_pid_smaps_op, proc_projid_seq_operations, proc_uid_seq_operations,
    resource_op, sched_debug_sops, schedstat_sops, slab_debugfs_sops, slabinfo_op, swaps_op, timer_list_sops,
    tty_drivers_op, unusable_sops, vmstat_op, zoneinfo_op;
struct serdev_controller_ops ctrl_ops;
struct serial_rs485 serial8250_em485_supported;
struct serio_driver atkbd_drv;
struct sev_config sev_cfg;
struct sev_es_runtime_data *runtime_data;
struct sev_es_save_area *hv_sev_vmsa, *sev_vmsa;
struct sg_pool sg_pools[];
struct sgx_epc_section sgx_epc_sections[];
struct sgx_numa_node *sgx_numa_nodes;
struct shared_info *HYPERVISOR_shared_info, xen_dummy_shared_info;
struct sighand_struct init_sighand;
struct signal_struct init_signals;
struct sk_buff *defer_kfree_skb_list;
struct sk_buff_head audit_hold_queue, audit_queue, audit_retry_queue;
struct skb_checksum_ops *crc32c_csum_stub, default_crc32c_ops;
struct slub_flush_work slub_flush;
struct smp_hotplug_thread backlog_threads, cpu_stop_threads, cpuhp_threads, idle_inject_threads,
    rcu_cpu_thread_spec, softirq_threads;
struct smp_ops smp_ops;
struct snapshot_data snapshot_state;
struct snp_cpuid_table cpuid_table_copy;
struct sock *ipv4_icmp_sk, *ipv6_icmp_sk;
struct sock_bh_locked nat_keepalive_sk_ipv4, nat_keepalive_sk_ipv6;
struct sock_diag_inet_compat *inet_rcv_compat;
struct softnet_data softnet_data;
struct srcu_notifier_head cpufreq_transition_notifier_list, lease_notifier_chain;
struct srcu_struct tomoyo_ss;
struct start_info *xen_start_info;
struct stashed_operations nsfs_stashed_ops, pidfs_stashed_ops;
struct static_key __cfs_bandwidth_used, mc_debug, nf_hooks_needed[][5], paravirt_steal_enabled,
    paravirt_steal_rq_enabled, xps_needed, xps_rxqs_needed;
struct static_key_false __crypto_boot_test_finished, __fpu_state_size_dynamic, __sched_clock_stable,
    __use_tsc, apic_use_ipi_shorthand, arch_hybrid_cap_scale_key, arch_needs_tick_broadcast,
    arch_scale_freq_key, blake2s_use_avx512, blake2s_use_ssse3, bpf_master_redirect_enabled_key,
    bpf_pred_flush_enabled, bpf_sk_lookup_enabled, bpf_stats_enabled_key, bypass_usercopy_checks,
    check_pages_enabled, context_tracking_key, copy_mc_fragile_key, cpu_buf_idle_clear,
    cpufreq_freq_invariance, cpusets_enabled_key, cpusets_insane_config_key, cpusets_pre_enable_key,
    cr_pinning, crng_is_ready, delayacct_key, devmap_managed_key, force_irqthreads_key, freezer_active,
    housekeeping_overridden, hugetlb_optimize_vmemmap_key, init_on_free, iommu_deferred_attach_enabled,
    ip4_min_ttl, ip6_min_hopcount, ip_tunnel_metadata_cnt, isolation_type_snp, isolation_type_tdx,
    kfence_allocation_key, kill_ftrace_graph, kvm_async_pf_enabled, lbr_from_quirk_key, memalloc_socks_key,
    memcg_bpf_enabled_key, memcg_kmem_online_key, memcg_sockets_enabled_key, mmio_stale_data_clear,
    net_high_order_alloc_disable_key, nf_hooks_lwtunnel_enabled, page_alloc_shuffle_key,
    page_pool_mem_providers, page_reporting_enabled, perf_is_hybrid, perf_sched_events, preempt_notifier_key,
    psi_disabled, rdpmc_always_available_key, rdpmc_never_available_key, rdt_alloc_enable_key, rdt_enable_key,
    rdt_mon_enable_key, rfs_needed, rps_needed, sched_asym_cpucapacity, sched_clock_running,
    sched_cluster_active, sched_energy_present, sched_numa_balancing, sched_schedstats, sched_smt_present,
    slub_debug_enabled, switch_mm_always_ibpb, switch_mm_cond_ibpb, switch_mm_cond_l1d_flush,
    switch_to_cond_stibp, tc_skb_ext_tc, tcf_frag_xmit_count, tcf_sw_enabled_key, tcp_have_smc,
    tcp_tx_delay_enabled, timers_migration_enabled, timers_nohz_active, trace_event_exports_enabled,
    trace_function_exports_enabled, trace_marker_exports_enabled, trace_pagefault_key, tracepoint_printk_key,
    use_backlog_threads_key, x86_lbr_cycles, x86_lbr_mispred, x86_lbr_type, xen_struct_pages_ready;
struct static_key_false_deferred clean_acked_data_enabled, ipv6_flowlabel_exclusive;
struct static_key_true crc64_rocksoft_fallback, crct10dif_fallback, deferred_pages, fgraph_do_direct,
    init_on_alloc, psi_cgroups_enabled, randomize_kstack_offset, vm_numa_stat_key;
struct subsys_interface cpufreq_interface;
struct sugov_cpu sugov_cpu;
struct sugov_tunables *global_tunables;
struct super_block *blockdev_superblock, *dax_superblock, *fuse_control_sb, *pstore_sb;
struct super_operations bdev_sops, dax_sops, devpts_sops, ext4_sops, hugetlbfs_ops, kernfs_sops, nsfs_ops,
    pidfs_sops, pipefs_ops, proc_sops, pstore_ops, ramfs_ops, shmem_ops, sockfs_ops;
struct suspend_stats suspend_stats;
struct svsm_ca boot_svsm_ca_page, *svsm_caa;
struct swait_queue_head s2idle_wait_head;
struct swap_slots_cache swp_slots;
struct swevent_htable swevent_htable;
struct swsusp_header *swsusp_header;
struct sys_off_handler *platform_power_off_handler, platform_sys_off_handler;
struct syscall_metadata **syscalls_metadata;
struct syscore_ops hfi_pm_ops;
struct sysrq_key_op *__sysrq_reboot_op, sysrq_SAK_op, sysrq_crash_op, sysrq_ftrace_dump_op, sysrq_kill_op,
    sysrq_loglevel_op, sysrq_moom_op, sysrq_mountro_op, sysrq_poweroff_op, sysrq_rcudump_op, sysrq_reboot_op,
    sysrq_replay_logs_op, sysrq_show_timers_op, sysrq_showallcpus_op, sysrq_showmem_op, sysrq_showregs_op,
    sysrq_showstate_blocked_op, sysrq_showstate_op, sysrq_sync_op, sysrq_term_op, sysrq_thaw_op,
    sysrq_unraw_op, sysrq_unrt_op;
struct task_group root_task_group;
struct task_struct *backlog_napi, *console_owner, *current_task, *ext4_lazyinit_task, *hvc_task, *hwrng_fill,
    *idle_threads, *khugepaged_thread, *ksgxd_tsk, *ksoftirqd, *kthreadd_task, *oom_reaper_list,
    *printk_legacy_kthread, *prune_thread, *thread, *watchdog_task, *xenbus_task;
struct tasklet_head tasklet_hi_vec, tasklet_vec;
struct tasklet_struct keyboard_tasklet, resend_tasklet;
struct tcp_congestion_ops __bpf_ops_tcp_congestion_ops, cubictcp, tcp_reno;
struct tcp_request_sock_ops subflow_request_sock_ipv4_ops, subflow_request_sock_ipv6_ops,
    tcp_request_sock_ipv4_ops, tcp_request_sock_ipv6_ops;
struct tcp_sock_af_ops tcp_sock_ipv4_specific, tcp_sock_ipv6_mapped_specific, tcp_sock_ipv6_specific;
struct tcp_ulp_ops subflow_ulp_ops;
struct tcpm_hash_bucket *tcp_metrics_hash;
struct thermal_cooling_device_ops processor_cooling_ops;
struct thermal_governor *def_governor;
struct thermal_zone_device_ops acpi_thermal_zone_ops, psy_tzd_ops;
struct threshold_bank **threshold_banks;
struct tick_device tick_broadcast_device, tick_cpu_device;
struct tick_sched tick_cpu_sched;
struct tick_work *tick_work_cpu;
struct timer_list console_timer, deferred_timer, ip6_fl_gc_timer, kd_mksound_timer, key_gc_timer, mce_timer,
    poll_spurious_irq_timer, pstore_timer, tcp_orphan_timer, tsc_sync_check_timer, watchdog_timer;
struct timespec64 old_delta, old_rtc, old_system, timekeeping_suspend_time;
struct timewait_sock_ops tcp6_timewait_sock_ops, tcp_timewait_sock_ops;
struct timezone sys_tz;
struct tk_fast tk_fast_mono, tk_fast_raw;
struct tlb_state_shared cpu_tlbstate_shared;
struct tls_descs shadow_tls_desc;
struct tmigr_cpu tmigr_cpu;
struct tnum tnum_unknown;
struct token_bucket *token_hash;
struct tomoyo_domain_info tomoyo_kernel_domain;
struct tomoyo_policy_namespace tomoyo_kernel_namespace;
struct tpm_chip *ima_tpm_chip;
struct tpm_class_ops tpm_crb, tpm_tis;
struct tpm_digest *digests;
struct tpm_tis_phy_ops tpm_tcg;
struct trace_array *blk_tr, global_trace, *mmio_trace_array, *printk_trace;
struct trace_buffer *temp_buffer;
struct trace_buffer_struct *trace_percpu_buffer;
struct trace_event graph_trace_entry_event, graph_trace_ret_event, trace_blk_event, trace_bprint_event,
    trace_bputs_event, trace_ctx_event, trace_fn_event, trace_func_repeats_event, trace_hwlat_event,
    trace_osnoise_event, trace_print_event, trace_raw_data_event, trace_stack_event, trace_timerlat_event,
    trace_user_stack_event, trace_wake_event;
struct trace_event_fields eprobe_fields_array[], fentry_fields_array[], fexit_fields_array[],
    ftrace_event_fields_bprint[], ftrace_event_fields_bputs[], ftrace_event_fields_branch[],
    ftrace_event_fields_context_switch[], ftrace_event_fields_func_repeats[],
    ftrace_event_fields_funcgraph_exit[], ftrace_event_fields_hwlat[], ftrace_event_fields_kernel_stack[],
    ftrace_event_fields_mmiotrace_map[], ftrace_event_fields_mmiotrace_rw[], ftrace_event_fields_osnoise[],
    ftrace_event_fields_print[], ftrace_event_fields_raw_data[], ftrace_event_fields_timerlat[],
    ftrace_event_fields_user_stack[], ftrace_event_fields_wakeup[], kprobe_fields_array[],
    kretprobe_fields_array[], synth_event_fields_array[], syscall_enter_fields_array[], uprobe_fields_array[];
struct trace_event_functions enter_syscall_print_funcs, eprobe_funcs, exit_syscall_print_funcs, fentry_funcs,
    fexit_funcs, graph_functions, kprobe_funcs, kretprobe_funcs, synth_event_funcs, trace_blk_event_funcs,
    trace_bprint_funcs, trace_bputs_funcs, trace_ctx_funcs, trace_fn_funcs, trace_func_repeats_funcs,
    trace_hwlat_funcs, trace_osnoise_funcs, trace_print_funcs, trace_raw_data_funcs, trace_stack_funcs,
    trace_timerlat_funcs, trace_user_stack_funcs, trace_wake_funcs, uprobe_funcs;
struct trace_export *ftrace_exports_list;
struct trace_iterator *tracepoint_print_iter;
struct trace_probe_log trace_probe_log;
struct tracefs_dir_ops tracefs_ops;
struct tracer blk_tracer, function_trace, graph_trace, mmio_tracer, nop_trace, *trace_types;
struct tracer_flags blk_tracer_flags, func_flags, nop_flags, tracer_flags;
struct tracing_map_ops hist_trigger_elt_data_ops;
struct trap_reason pf_reason;
struct tsc_adjust tsc_adjust;
struct tsq_tasklet tsq_tasklet;
struct tss_struct cpu_tss_rw;
struct tty_driver *console_driver, *hvc_driver, *ptm_driver, *pts_driver;
struct tty_ldisc_ops n_tty_ops, null_ldisc;
struct tty_operations con_ops, hvc_ops, ptm_unix98_ops, pty_unix98_ops, uart_ops;
struct tty_port_client_operations client_ops, tty_port_default_client_ops;
struct tty_port_operations hvc_port_ops, uart_port_ops, vc_port_ops;
struct uart_8250_ops univ8250_driver_ops;
struct uart_driver serial8250_reg;
struct uart_ops serial8250_pops, *univ8250_port_base_ops, univ8250_port_ops;
struct ubuf_info_ops io_ubuf_ops, msg_zerocopy_ubuf_ops;
struct ucounts init_ucounts;
struct udp_table udp_table, udplite_table;
struct udp_tunnel_nic_ops *udp_tunnel_nic_ops;
struct uncached_list rt6_uncached_list, rt_uncached_list;
struct uni_pagedict *vgacon_uni_pagedir;
struct update_util_data *cpufreq_update_util_data;
struct uprobe_cpu_buffer *uprobe_cpu_buffer;
struct uprobe_xol_ops branch_xol_ops, default_xol_ops, push_xol_ops;
struct user_regset_view user_x86_32_view, user_x86_64_view;
struct user_struct root_user;
struct ustring_buffer *ustring_per_cpu;
struct utf8_table utf8_table[];
struct utf8data_table utf8_data_table;
struct va_alignment va_align;
struct vc vc_cons[];
struct vc_data *master_display_fg;
struct vc_selection vc_sel;
struct vcpu_info *xen_vcpu, xen_vcpu_info;
struct vcpu_runstate_info xen_runstate;
struct vdso_image vdso_image_32, vdso_image_64;
struct vector_cleanup vector_cleanup;
struct vfree_deferred vfree_deferred;
struct vfsmount *debugfs_mount, *tracefs_mount;
struct virtio_config_ops virtio_pci_config_nodev_ops;
struct virtio_driver virtio_console, virtio_fs_driver, virtio_rproc_serial;
struct vm_area_struct gate_vma;
struct vm_operations_struct gate_vma_ops, mmap_mem_ops, packet_mmap_ops, pseudo_mmap_ops, relay_file_mmap_ops,
    sel_mmap_policy_ops, vmcore_mmap_ops;
struct vm_special_mapping vdso_mapping, vvar_mapping, xol_mapping;
struct vm_struct *vmlist;
struct vmap_area *ne_fit_preload_node;
struct vmap_block_queue vmap_block_queue;
struct vmap_node single, *vmap_nodes;
struct vmcore_cb vmcore_cb, xen_vmcore_cb;
struct vmware_steal_time vmw_steal_time;
struct vt_spawn_console vt_spawn_con;
struct wait_queue_head async_done, audit_backlog_wait, backend_state_wq, balloon_thread_wq, balloon_wq,
    cpuset_attach_wq, crng_init_wait, dpc_completed_waitqueue, dquot_ref_wq, input_devices_poll_wait,
    kauditd_wait, khugepaged_wait, ksm_iter_wait, ksm_thread_wait, module_wq, muxed_resource_wait,
    nl_table_wait, oom_reaper_wait, oom_victims_wait, pci_cfg_wait, probe_waitqueue, proc_poll_wait,
    tomoyo_answer_wait, tomoyo_log_wait, tomoyo_query_wait, vga_wait_queue, vt_event_waitqueue,
    wakeup_count_wait_queue, xs_state_enter_wq, xs_state_exit_wq;
struct wakeup_source deleted_ws;
struct wb_domain global_wb_domain;
struct work_struct aer_recover_work, atomic_pool_work, bio_dirty_work, cleanup_offline_cgwbs_work,
    con_driver_unregister_work, connector_reaper_work, console_work, crc64_rocksoft_rehash_work,
    crct10dif_rehash_work, *cxl_cper_work, deferred_probe_work, detector_work, disable_freq_invariance_work,
    drain_vmap_work, eval_map_work, flush_works, free_hpage_work, free_ipc_work, ftrace_check_work,
    hrtimer_work, init_free_wq, key_gc_work, lru_add_drain_work, mce_work, moom_work, net_cleanup_work,
    netstamp_work, pcpu_balance_work, pstore_work, reboot_work, rebuild_sd_work, sched_clock_work,
    serio_event_work, set_printk_work, timer_update_work, timerfd_work, tracerfs_init_work,
    tsc_sync_work, unix_gc_work, watchdog_work, xfrm_state_gc_work, yama_relation_work;
struct workqueue_struct *acpi_thermal_pm_queue, *addrconf_wq, *async_wq, *bdi_wq, *blkcg_punt_bio_wq,
    *broadcast_wq, *cgroup_bpf_destroy_wq, *cgroup_free_wq, *cgroup_offline_wq, *cgroup_pidlist_destroy_wq,
    *cgroup_release_wq, *cgwb_release_wq, *cpuset_migrate_mm_wq, *cxl_bus_wq, *device_link_wq, *ec_query_wq,
    *ec_wq, *efi_rts_wq, *eval_map_wq, *flushwq, *fscrypt_read_workqueue, *fsnotify_wq,
    *fsverity_read_workqueue, *ftrace_check_wq, *hfi_updates_wq, *inet_frag_wq, *iou_wq, *isw_wq,
    *kacpi_hotplug_wq, *kacpi_notify_wq, *kacpid_wq, *kblockd_workqueue, *kintegrityd_wq, *kthrotld_workqueue,
    *mld_wq, *mm_percpu_wq, *netns_wq, *nvme_auth_wq, *nvme_delete_wq, *nvme_reset_wq, *nvme_wq, *pm_wq,
    *quota_unbound_wq, *rcu_gp_wq, *rcu_reclaim_wq, *shrink_wq, *strp_wq, *sync_wq, *system_bh_highpri_wq,
    *system_bh_wq, *system_dfl_wq, *system_freezable_power_efficient_wq, *system_freezable_wq,
    *system_highpri_wq, *system_long_wq, *system_percpu_wq, *system_power_efficient_wq, *system_unbound_wq,
    *system_wq, *tc_filter_wq, *thermal_wq, *tpm_dev_wq;
struct ww_class reservation_ww_class;
struct x86_apic_ops x86_apic_ops;
struct x86_cpuinit_ops x86_cpuinit;
struct x86_init_ops x86_init;
struct x86_platform_ops x86_platform;
struct x86_pmu x86_pmu;
struct x86_topology_system x86_topo_system;
struct xarray bio_slabs, cxl_root_buses, dax_hosts, devlink_rels, devlinks, dma_heap_minors,
    memory_blocks, memory_groups, net_devmem_dmabuf_bindings, page_pools, pgmap_array, sgx_epc_address_space;
struct xen_bus_type xenbus_backend, xenbus_frontend;
struct xen_clock_event_device xen_clock_events;
struct xen_msi_ops xen_msi_ops;
struct xen_pci_frontend_ops *xen_pci_frontend;
struct xenbus_device_id xencons_ids[], xenfb_ids[];
struct xenbus_driver xencons_driver, xenfb_driver;
struct xenbus_ring_ops *ring_ops, ring_ops_hvm, ring_ops_pv;
struct xenbus_watch be_watch, fe_watch, shutdown_watch, sysrq_watch, target_watch;
struct xenpmu xenpmu_shared;
struct xenstore_domain_interface *xen_store_interface;
struct xfrm4_protocol *ah4_handlers, *esp4_handlers, *ipcomp4_handlers;
struct xfrm6_protocol *ah6_handlers, *esp6_handlers, *ipcomp6_handlers;
struct xfrm_if_cb *xfrm_if_cb;
struct xfrm_input_afinfo xfrm4_input_afinfo, xfrm6_input_afinfo, *xfrm_input_afinfo[][11];
struct xfrm_policy_afinfo xfrm4_policy_afinfo, xfrm6_policy_afinfo;
struct xfrm_state_afinfo xfrm4_state_afinfo, xfrm6_state_afinfo;
struct xfrm_trans_tasklet xfrm_trans_tasklet;
struct xfrm_type mip6_destopt_type, mip6_rthdr_type;
union acpi_operand_object *acpi_gbl_global_lock_mutex, *acpi_gbl_trace_method_object;
union acpi_parse_object *acpi_gbl_current_scope;
union hv_ghcb **hv_ghcb_pg;
ZSTD_compressionParameters ZSTD_defaultCParameters[][23];
__u32 sysctl_rmem_default, sysctl_rmem_max, sysctl_wmem_default, sysctl_wmem_max, taskstats_seqnum;
acpi_exception_handler acpi_gbl_exception_handler;
acpi_gbl_event_handler acpi_gbl_global_event_handler;
acpi_handle hed_handle, lps0_device_handle;
acpi_init_handler acpi_gbl_init_handler;
acpi_interface_handler acpi_gbl_interface_handler;
acpi_osd_handler acpi_irq_handler;
acpi_table_handler acpi_gbl_table_handler;
arch_set_vga_state_t arch_set_vga_state;
arch_spinlock_t stack_trace_max_lock, sync_lock, trace_cmdline_lock;
async_cookie_t initramfs_cookie, next_cookie;
atomic64_t compressed_size, deferred_count, diskseq, dma_fence_context_counter, io_bitmap_sequence,
    last_mm_ctx_id, last_value, leaked_count, mnt_ns_seq, perf_event_id, trace_counter;
atomic_long_t _totalram_pages, bpf_jit_current, calc_load_tasks, ksm_zero_pages, nr_memmap_boot_pages,
    nr_memmap_pages, nr_shared, nr_swap_pages, nr_vmalloc_pages, num_poisoned_pages, sgx_nr_free_pages,
    tcp_memory_allocated, udp_memory_allocated, unix_nr_socks, vmap_lazy_nr;
atomic_t __kexec_lock, __num_online_cpus, active_events, ap_wfs_count, audit_backlog_wait_time_actual,
    audit_lost, autogroup_seq_nr, combined_event_count, deferred_trigger_count, dev_unreg_count,
    do_rcu_barrier, dropped_count, entry_count, fsnotify_sync_cookie, genl_sk_destructing_cnt,
    ghes_estatus_cache_alloced, ghes_in_nmi, global_nwo, hibernate_atomic, huge_zero_refcount, hvc_needs_init,
    ignore_console_lock_warning, ima_setxattr_allowed_hash_algorithms, *ip_idents,
    irq_mis_count, irq_poll_active, isw_nr_in_flight, kfence_allocation_gate, lru_disable_count, mce_callin,
    mce_executing, mce_fake_panicked, mce_panicked, mem_active, mmiotrace_enabled, netlabel_mgmt_protocount,
    netstamp_needed_deferred, netstamp_wanted, nl_table_users, nr_bpf_events, nr_build_id_events,
    nr_callchain_events, nr_cgroup_events, nr_comm_events, nr_freq_events, nr_ksymbol_events, nr_mmap_events,
    nr_namespaces_events, nr_rotate_swap, nr_switch_events, nr_task_events, nr_text_poke_events,
    num_active_cpus, oom_victims, oops_count, panic_cpu, perf_sched_count, pgdat_init_n_undone,
    pm_abort_suspend, pmc_refcount, printk_cpu_sync_nested, printk_cpu_sync_owner, probe_count,
    proc_event_num_listeners, proc_poll_event, *prof_buffer, pty_count, rcu_async_hurry_nesting,
    rcu_expedited_nesting, *rcu_gp_slow_suppress, reg_refcount, reset_hung_task, running_helpers,
    sched_balance_running, secretmem_users, selinux_secmark_refcount, selinux_xfrm_refcount, start_count,
    stop_count, stopping_cpu, swapin_readahead_hits, test_runs, therm_throt_en, tick_dep_mask,
    tomoyo_query_observers, trace_count, trigger_backtrace, waiting_for_crash_ipi, warn_count,
    watchdog_reset_pending, xen_qlock_wait_nest, zswap_pools_count;
bool __cpuhp_parallel_bringup, __ia32_enabled, __printk_percpu_data_ready, __stack_depot_early_init_passed,
    __stack_depot_early_init_requested, __tss_limit_invalid, _init_on_alloc_enabled_early,
    _init_on_free_enabled_early, aa_g_audit_header, aa_g_export_binary, aa_g_hash_policy, aa_g_lock_policy,
    aa_g_logsyscall, aa_g_paranoid_load, acpi_no_memhotplug, acpi_no_s5, acpi_no_watchdog,
    acpi_os_initialized, acpi_permanent_mmap, acpi_ppc, acpi_processor_cpufreq_init,
    acpi_processor_ppc_in_use, acpi_rev_override, acpi_scan_initialized, acpi_sleep_default_s3,
    acpi_support_online_capable, acpi_verify_table_checksum, acpiphp_disabled, allocate_snapshot,
    allow_lockup_detector_init_retry, allow_sys_admin_access, allow_tsx_force_abort, always_kmsg_dump,
    amd_pstate_prefcore, anon_orders_configured, apic_is_disabled, aspm_support_enabled, async_pf_enabled,
    async_probe, async_probe_default, atkbd_extra, atkbd_reset, atkbd_scroll, atkbd_skip_deactivate,
    atkbd_softraw, atkbd_softrepeat, atkbd_terminal, audit_ever_enabled, auto_movable_numa_aware,
    backtrace_idle, bdev_allow_write_mounted, blk_tracer_enabled, blkcg_debug_stats,
    boot_ec_is_ecdt, boot_hpet_disable, bpf_global_ma_set, bpf_global_percpu_ma_set, bpf_lsm_initialized,
    cache_aps_delayed_init, can_use_brk_pgt, capsule_pending, cgroup_debug, cgroup_memory_nobpf,
    cgroup_memory_nokmem, cgroup_memory_nosocket, cgroup_no_v1_named, cgrp_dfl_visible,
    console_suspend_enabled, console_waiter, cpu_hotplug_offline_disabled,
    cpu_model_supports_sld, cpufreq_suspended, cpuhp_tasks_frozen, crash_kexec_post_notifiers,
    cs_jiffies_registered, csd_lock_suppress_rcu_stall, csum_present, cxl_raw_allow_all, dead_key_next,
    debug_acpi, debugfs_registered, default_dram_perf_error, defer_all_probes, direct_mode_enabled,
    dis_ucode_ldr, disable_dac_quirk, disable_pcr_integrity, disable_pi_offsets, disable_runtime, disabled,
    disabled_by_warn, discontig_frames_dyn, driver_deferred_probe_enable, dump_properties, dump_tree,
    early_boot_irqs_disabled, earlycon_acpi_spcr_enable, ec_busy_polling, ec_freeze_events, ec_no_wakeup,
    ecdsa_nist_p192_registered, efi_disable_ibt_for_runtime, efi_no_storage_paranoia, enable_checks,
    enable_posted_msi, enable_rcu_lazy, enable_vma_readahead, enforce, entering_platform_hibernation,
    ethnl_ok, eventdir_initialized, events_check_enabled, fb_probed, fb_wb, fgraph_sleep_time,
    filled_random_ptr_key, force_apst, force_irq_on, force_legacy, force_minrev, force_sd_rebuild,
    force_use_acpi, freezer_test_done, ftrace_filter_param, fw_devlink_best_effort, fw_devlink_drv_reg_done,
    fw_devlink_strict, fw_load_abort_all, gc_in_progress, ghes_disable, ghes_edac_force_enable,
    guest_halt_poll_allow_shrink, hardirq_stack_inuse, has_lapic_cpus, have_boot_console, have_favordynmods,
    have_legacy_console, have_nbcon_console, hibernate_restore_protection,
    hibernate_restore_protection_active, hpet_force_user, hpet_legacy_int_enabled, hpet_msi_disable,
    hpet_verbose, hrtimer_hres_enabled, hugetlb_sysfs_initialized, hung_detector_suspended,
    hung_task_call_panic, hung_task_show_all_bt, hv_nested, hv_pvspin, hv_root_partition, hw_memory_failure,
    hwp_boost, hwp_forced, hwp_is_hybrid, i8042_aux_irq_registered, i8042_bypass_aux_irq_test, i8042_debug,
    i8042_direct, i8042_dritek, i8042_dumbkbd, i8042_forcenorestore, i8042_irq_being_tested,
    i8042_kbd_irq_registered, i8042_kbdreset, i8042_mux_present, i8042_noaux, i8042_nokbd, i8042_noloop,
    i8042_nomux, i8042_nopnp, i8042_notimeout, (*i8042_platform_filter)(), i8042_pnp_aux_registered,
    i8042_pnp_kbd_registered, i8042_present, i8042_probe_defer, i8042_unlock, i8042_unmask_kbd_data, ibrs_off,
    ibt_fatal, idt_setup_done, ignore_blacklist, ignore_loglevel, ignore_rlimit_data, ima_canonical_fmt,
    ima_fail_unverifiable_sigs, ima_process_keys, ima_use_appraise_tcb, ima_use_critical_data,
    ima_use_secure_boot, in_kernel_fpu, initcall_debug, initcalls_done, initramfs_async, int_pln_enable,
    ioapic_is_disabled, iommu_dma_forcedac, iommu_dma_strict, ipe_enabled, is_tmpfs, is_xen_pmu,
    itlb_multihit_kvm_mitigation, kexec_file_dbg_print, kexec_in_progress, kfence_check_on_panic,
    kfence_deferrable, kfence_enabled, kprobe_ftrace_disabled, kprobes_all_disarmed,
    kprobes_allow_optimization, ksm_smart_scan, ksm_use_zero_pages, landlock_initialized, lazy_accept,
    legacy_allow_panic_sync, lockless_register_fb, mc_debug_enabled, mcp55_checked, mds_nosmt, mem_id_init,
    mirrored_kernelcore, mmio_nosmt, movable_node_enabled, mtrr_debug, multipath, need_wait,
    nf_skb_duplicated, no_acpi, no_hash_pointers, noacpi, nohmem, noirqdebug, nommiotrace, nopvspin, notests,
    npadch_active, numa_demotion_enabled, nvs_nosave, nvs_nosave_s3, ok_to_free_tracepoints,
    old_suspend_ordering, oom_killer_disabled, orc_init, osc_cpc_flexible_adr_space_confirmed,
    osc_pc_lpi_support_confirmed, osc_sb_apei_support_acked, osc_sb_cppc2_support_acked,
    osc_sb_native_usb4_support_confirmed, overrun_detected, panic_on_fail, panic_on_taint_nousertaint,
    panic_triggering_all_cpu_backtrace, parsed_default_hugepagesz, parsed_valid_hugepagesz, pat_disabled,
    pcat_compat, pci_apply_fixup_final_quirks, pci_bridge_d3_disable, pci_bridge_d3_force, pci_early_dump,
    pci_ignore_seg, pci_mmcfg_arch_init_failed, pci_mmcfg_running_state, pci_use_crs, pci_use_e820,
    pcibios_fw_addr_done, pcie_ari_disabled, pcie_ats_disabled, pcie_pme_msi_disabled, pcie_ports_disabled,
    pcie_ports_dpc_native, pcie_ports_native, pciehp_poll_mode, pcpu_async_enabled, pcpu_atomic_alloc_failed,
    per_cpu_limits, persistent_clock_exists, (*pirq_needs_eoi)(), pku_disabled, platform_driver_registered,
    platform_initialized, (*platform_thermal_package_rate_control)(), pm_freezing, pm_nosig_freezing,
    pnp_driver_registered, port_cf9_safe, poweroff_fallback_to_halt, poweroff_force,
    printk_console_no_auto_verbose, printk_kthreads_ready, printk_kthreads_running, printk_time, psi_enable,
    pwr_btn_event_pending, qdf2400_e44_present, rcu_boot_ended, rcu_exp_stall_task_details, rcu_fanout_exact,
    rcu_kick_kthreads, rcu_nocb_poll, rcu_task_cb_adjust, rdrand_force, rdt_alloc_capable, rdt_mon_capable,
    request_mem_succeeded, resctrl_debug, resctrl_mounted, ring3mwait_disabled, rodata_enabled,
    rrsba_disabled, running_exclusive_ctxs, s2idle_wakeup, sched_debug_verbose, sched_energy_update,
    sched_itmt_capable, sched_smp_initialized, secretmem_enable, serial_base_initialized, sha_check,
    shuffle_param, skip_anon, slab_nomerge, sleep_no_lps0, smp_no_nmi_ipi, snapshot_at_boot,
    softlockup_initialized, softlockup_touch_sync, spectre_v2_bad_module, split_underused_thp, srbds_off,
    srcu_init_done, stack_depot_disabled, static_key_initialized, stop_capsules, stop_cpus_in_progress,
    stop_machine_initialized, strict_sigaltstack_size, success_audit, suspend_timing_needed, swallow_nmi,
    swap_migration_ad_supported, swap_slot_cache_active, swap_slot_cache_enabled, swap_slot_cache_initialized,
    swiotlb_force_bounce, swiotlb_force_disable, sync_on_suspend_enabled, syslog_time, sysrq_always_enabled,
    sysrq_rcu, system_has_some_mirror, taa_nosmt, thermal_pm_suspended, thresholding_irq_en,
    thunks_initialized, tick_nohz_enabled, tick_nohz_full_running, timer_expired, tomoyo_manage_by_non_root,
    tomoyo_namespace_enabled, tomoyo_policy_loaded, trace_pc, trace_printk_enabled, trace_taskinfo_save,
    tracefs_registered, tracepoint_printk_stop_on_boot, tracer_options_updated, trc_ipi_to_cpu,
    trust_bootloader, trust_cpu, tsc_async_resets, tty_legacy_tiocsti, uniproc_patched, unix_graph_grouped,
    unix_graph_maybe_cyclic, unwind_debug, use_acpi_alarm, use_builtin_keys, use_cmb_sqes, use_softirq,
    user_decrypted_data, vga_512_chars, vga_arbiter_used, vga_can_do_color, vga_hardscroll_enabled,
    vga_hardscroll_user_enable, vga_is_gfx, vga_palette_blanked, video_nomodeset, virt_ext_dest_id,
    (*virtio_check_mem_acc_cb)(), vmap_allow_huge, vmap_initialized, vmcore_opened, vmemmap_optimize_enabled,
    vmw_sched_clock, vt_dont_switch, vt_switch, vt_switch_done, watchdog_hardlockup_touched,
    watchdog_hardlockup_warned, workqueue_freezing, wq_debug_force_rr_cpu, wq_online, wq_power_efficient,
    wq_topo_initialized, write_support, x86_apple_machine, x86_has_numa_in_package, x86_ibpb_exit_to_user,
    x86_swiotlb_enable, x86_topology_update, xen_512gb_limit, xen_fifo_events,
    xen_legacy_crash, xen_msr_safe, xen_percpu_upcall, xen_pv_pci_possible, xen_pvh, xen_scrub_pages,
    zswap_enabled, zswap_has_pool, zswap_pool_reached_full;
call_single_data_t blk_cpu_csd, csd_data;
char *__kfence_pool, *aa_hidden_ns_name, *acpi_gbl_CDAT, *acpi_gbl_trace_method_name, *backend, *big_oops_buf,
    *chosen_lsm_order, *chosen_major_lsm, *collect, *collected, *compress, *config_acs_param,
    *default_bootup_tracer, *default_dram_perf_ref_source, *disable_acs_redir_param, *elfcorebuf,
    *elfnotes_buf, *execute_command, *extra_init_args, *funcbufptr, *header_buf,
    *ima_appraise_cmdline_default, *initramfs_options, *ipe_boot_policy, *irq_name, *lsm_names, *message,
    *module_blacklist, *name_buf, netdev_features_strings[][32], netif_msg_class_names[][32], *panic_later,
    *panic_param, *ramdisk_execute_command, *resource_alignment_param, *root_fs_names, *root_mount_data,
    rss_hash_func_strings[][32], *saved_command_line, *slub_debug_string, *static_command_line,
    stats_eth_ctrl_names[][32], stats_eth_mac_names[][32], stats_eth_phy_names[][32], stats_rmon_names[][32],
    *symlink_buf, *tomoyo_loader, *tomoyo_trigger, *tp_rcu_varname, *trace_boot_clock,
    ts_rx_filter_names[][32], ts_tx_type_names[][32], tunable_strings[][32], udp_tunnel_type_names[][32],
    *victim, *video_option, wol_mode_names[][32], *zswap_compressor;
cppc_mode_transition_fn mode_state_machine[][5];
cpu_emergency_virt_cb *cpu_emergency_virt_callback;
cpumask_t cache_dev_map, cpus_ahead, cpus_behind, cpus_booted_once_mask, cpus_chosen, hwp_intr_enable_mask,
    ioapic_max_cpumask, mce_missing_cpus;
cpumask_var_t __pv_cpu_mask, cpu_cacheinfo_mask, cpu_core_map, cpu_die_map, cpu_l2c_shared_map,
    cpu_llc_shared_map, cpu_sibling_map, cpu_sibling_setup_mask, cpus_attach, *doms_cur, downed_cpus,
    fallback_doms, frozen_cpus, ipi_mask, irq_default_affinity, isolated_cpus, load_balance_mask,
    local_cpu_mask, local_cpu_mask_dl, mce_device_initialized, perf_online_cluster_mask,
    perf_online_core_mask, perf_online_die_mask, perf_online_mask, perf_online_pkg_mask, perf_online_sys_mask,
    rcu_nocb_mask, sched_domains_tmpmask, sched_domains_tmpmask2, sd_sysctl_cpus, select_rq_mask,
    should_we_balance_tmpmask, subpartitions_cpus, tick_broadcast_force_mask, tick_broadcast_mask,
    tick_broadcast_on, tick_broadcast_oneshot_mask, tick_broadcast_pending_mask, tick_nohz_full_mask, tmpmask,
    tracing_buffer_mask, vector_searchmask, wq_isolated_cpumask, wq_online_cpumask,
    wq_requested_unbound_cpumask, wq_unbound_cpumask, xen_cpu_initialized_map;
cycles_t last_tsc, max_warp;
dev_t ROOT_DEV, dax_devt, dma_heap_devt, nvme_ctrl_base_chr_devt, nvme_ns_chr_devt, ptp_devt, rtc_devt,
    swsusp_resume_device, tpm_devt;
ftrace_func_t ftrace_trace_function, saved_ftrace_func;
gfp_t __userpte_alloc_gfp, gfp_allowed_mask, saved_gfp_mask;
grant_ref_t gnttab_free_head, *gnttab_free_tail_ptr, gnttab_last_free, **gnttab_list;
grant_status_t *grstatus;
guid_t guid_null, lps0_dsm_guid_microsoft;
int C_A_D, EC_FLAGS_CLEAR_ON_RESUME, EC_FLAGS_CORRECT_ECDT, EC_FLAGS_TRUST_DSDT_GPE,
    (*__acpi_os_prepare_sleep)(), (*__acpi_register_gsi)(), __alt_reloc_selftest_addr, __boot_cpu_id,
    __disable_trace_on_warning, __max_smt_threads, __sched_clock_stable_early, aa_g_rawdata_compression_level,
    aa_unprivileged_unconfined_restricted, aafs_count, acer_tm360_irqrouting, acpi_apic_instance,
    acpi_check_s4_hw_signature, acpi_disable_cmcff, acpi_disabled, acpi_fix_pin2_polarity, acpi_force,
    acpi_ioapic, acpi_irq_balance, acpi_lapic, acpi_noirq, acpi_numa, acpi_pci_disabled, acpi_pm_good,
    acpi_probe_count, acpi_processor_registered, acpi_skip_timer_override, acpi_strict,
    (*acpi_suspend_lowlevel)(), acpi_use_timer_override, add_efi_memmap, after_bootmem, after_paging_init,
    all_tables_size, alternatives_patched, amd_msr_step, amd_num_counters, apic_extnmi,
    apic_ipi_shorthand_off, apic_verbosity, apparmor_display_secid_mode, apparmor_enabled,
    apparmor_initialized, (*arch_apei_filter_addr)(), arch_task_struct_size, aspm_policy, asus_hides_smbus,
    async_error, atkbd_set, audit_initialized, audit_n_rules, audit_signals, auto_flowlabels_max,
    backend_state, bdp_ratelimits, bert_disable, bic_scale, big_cpu_lim, blank_state, blank_timer_expired,
    blankinterval, blk_probes_ref, blksize, boot_delay, boot_instance_index, boot_snapshot_index,
    bootloader_type, bootloader_version, bpf_bprintf_nest_level, bpf_event_output_nest_level, bpf_jit_enable,
    bpf_jit_harden, bpf_jit_kallsyms, bpf_prog_active, bpf_raw_tp_nest_level, bpf_task_storage_busy,
    bpf_trace_nest_level, (*br_ioctl_hook)(), broken_hp_bios_irq9, bsg_major, buffer_count,
    buffer_heads_over_limit, buffers_allocated, build_ima_appraise, c3_cpu_count, calc_load_idx,
    calipso_cache_bucketsize, calipso_cache_enabled, cgroup_root_count, changed_by_mtrr_cleanup,
    check_sta_before_sun, cipso_v4_cache_bucketsize, cipso_v4_cache_enabled, cipso_v4_rbm_optfmt,
    cipso_v4_rbm_strictvalid, closid_free_map_len, cn_already_initialized, (*console_blank_hook)(),
    console_blanked, console_locked, console_may_schedule, console_msg_format, console_set_on_cmdline,
    convert_to_big, core_name_size, core_uses_pid, cppc_state, cpu_hotplug_disabled, cpu_idle_force_poll,
    cpu_number, cpu_pcc_subspace_idx, cpufreq_fast_switch_count, cpufreq_thermal_max_step, crash_ipi_issued,
    crashing_cpu, crypto_default_rng_refcnt, css_set_count, cur_default, *cur_orc_ip_table,
    cur_rng_set_by_user, current_xpos, current_ypos, cursor_size_lastfrom, cursor_size_lastto, cxl_mem_major,
    data_avail, ddebug_init_success, debug_boot_weak_hash, debug_callthunks, debug_locks, debug_locks_silent,
    debugfs_mount_count, default_color, default_dram_perf_ref_nid, default_italic_color, default_noexec,
    default_relax_domain_level, default_underline_color, default_utf8, delayacct_on, dev_boot_phase,
    dev_weight_rx_bias, dev_weight_tx_bias, did_panic, die_counter, die_owner, dir_notify_enable,
    direct_gbpages, dirty_background_ratio, dirty_throttle_leaks, disable_apic_timer,
    disable_higher_order_debug, disable_igfx_iommu, disable_ipv6_mod, disable_irq_post, disable_irq_remap,
    disable_mtrr_trim, disable_sourceid_checking, disable_stack_tracer, disable_timer_pin_1,
    disable_vt_switch, dist_min, distribute_cpu_mask_prev, dmar_dev_scope_status, dmar_disabled,
    dmar_map_intgpu, dmesg_restrict, dmi_available, dmi_memdev_nr, dmi_memdev_populated_nr,
    do_poke_blanked_console, do_retain_initrd, driver_deferred_probe_timeout, early_ioremap_debug,
    efi_reboot_quirk_mode, efi_reset_type, efi_tpm_final_log_size, eim_mode, enable_mtrr_cleanup,
    enabled_devices, erst_disable, evm_fixmode, evm_hmac_attrs, evm_initialized, **evtchn_to_irq, fake_panic,
    family_registered, fanotify_max_queued_events, fast_convergence, fbcon_cursor_noblink,
    fbcon_num_registered_fb, fg_console, fgraph_lru_last, fgraph_lru_next, file_caps_enabled,
    finished_booting, fips_enabled, fixmaps_set, flat_state_cnt, flowlabel_reflect_max, force_gpt,
    force_iommu, force_on, force_personality32, fs_overflowgid, fs_overflowuid, fsverity_require_signatures,
    ftrace_disabled, ftrace_enabled, ftrace_graph_active, ftrace_graph_skip_irqs, ftrace_poke_late,
    ftrace_stack_reserve, ftrace_start_up, funcbufleft, funcbufsize, fw_devlink_sync_state, g_debuglevel,
    global_cursor_default, gnttab_free_count, gp_cleanup_delay, gp_init_delay, gp_preinit_delay,
    has_guest_poll, hash_setup_done, hest_disable, hfi_clients_nr, hibernation_mode, hist_pad_cnt,
    hmat_disable, hpet_mmap_enabled, hpet_prev_update_sec, hugetlb_max_hstate, hvc_kicked, hwp_mode_bdw,
    hwp_only, hybrid_scaling_factor, hystart, hystart_ack_delta_us, hystart_detect, hystart_low_window,
    i8042_aux_irq, i8042_command_reg, i8042_data_reg, i8042_kbd_irq, i8042_pnp_aux_irq, i8042_pnp_command_reg,
    i8042_pnp_data_reg, i8042_pnp_kbd_irq, i8259A_auto_eoi, ignore_nmis, ignore_poke, ignore_ppc, ignore_tpc,
    ima_appraise, ima_extra_slots, ima_hash_algo, ima_hash_algo_idx, ima_maxorder, ima_policy_flag,
    ima_sha1_idx, inet_peer_maxttl, inet_peer_minttl, inet_peer_threshold, info_idx, initial_rotation,
    initial_ssthresh, initialized, initrd_below_start_ok, inotify_max_queued_events, input_devices_state,
    int_3600, integrity_audit_info, intel_iommu_enabled, intel_iommu_sm, intel_iommu_superpage,
    intel_iommu_tboot_noforce, intel_num_arch_counters, intel_num_fixed_counters, io_delay_override,
    io_delay_type, ioapic_initialized, iommu_detected, iommu_identity_mapping, iommu_merge,
    iommu_skip_te_disable, iopolicy, ip4_frags_secret_interval_unused, ip6_frags_secret_interval_unused,
    ip_min_valid_pmtu, ip_privileged_port_max, ip_privileged_port_min, ip_rt_error_burst, ip_rt_error_cost,
    ip_rt_gc_elasticity, ip_rt_gc_interval, ip_rt_gc_min_interval, ip_rt_gc_timeout, ip_rt_max_size,
    ip_rt_redirect_load, ip_rt_redirect_number, ip_rt_redirect_silence, ip_ttl_max, ip_ttl_min, ipc_min_cycle,
    ipc_mni, ipc_mni_shift, irq_poll_cpu, irq_remap_broken, irq_remapping_enabled, irqfixup, is_vsmp,
    k7_counters_mirrored, kcore_need_update, keep_bootcon, kernel_set_to_readonly, kexec_load_disabled,
    klp_target_state, known_bridge, kprobe_ftrace_enabled, kprobe_ipmodify_enabled, kptr_restrict,
    kretprobe_blacklist_size, ksm_max_page_sharing, ksm_nr_node_ids, kthread_prio, kvmapf, kvmclock,
    kvmclock_vsyscall, landlock_abi_version, landlock_errata, lapic_cal_loops, laptop_mode, last_console,
    last_ftrace_enabled, last_hvc, last_lsm, last_real_pxm, lease_break_time, leases_enable, least_priority,
    list_limit, local_apic_timer_c2_ok, lock_kicker_irq, logo_lines, logo_shown, lpi_constraints_table_size,
    lps0_dsm_func_mask_microsoft, lsm_enabled_false, lsm_enabled_true, margin_color,
    max_bytes_for_cpu, max_data_width, max_hfi_instances, max_lock_depth, max_name_width,
    max_samples_per_tick, max_scope, max_skb_frags, max_threads, max_xpos, max_ypos, mem_id_next,
    (*mem_pfn_is_ram)(), memblock_can_resize, memblock_debug, memblock_memory_in_slab,
    memblock_reserved_in_slab, memmap_mode, mhp_default_online_type, min_free_kbytes, min_mem_pcpu_rsv,
    min_rcvbuf, min_sndbuf, minus_one, mmap_rnd_bits, mmap_rnd_bits_max, mmap_rnd_bits_min,
    mmap_rnd_compat_bits, mmap_rnd_compat_bits_max, mmap_rnd_compat_bits_min, modules_disabled, mount_count,
    mount_dev, mount_initrd, movable_zone, mp_irq_entries, mptcp_pernet_id, mptcp_pm_type_max,
    msg_max_limit_max, msg_max_limit_min, msg_maxsize_limit_max, msg_maxsize_limit_min, msr_kvm_system_time,
    msr_kvm_wall_clock, mtrr_state_set, multi_checked, ndoms_cur, net_msg_warn, netdev_budget_usecs_min,
    netdev_flow_limit_table_len, netdev_unregister_timeout_secs, (*nfct_btf_struct_access)(), ngroups_max,
    no_hwp, no_iommu, no_irq_affinity, no_load, no_platform_optin, no_timer_check, no_tsc_watchdog,
    no_x2apic_optout, nocb_nobypass_lim_per_jiffy, nocompress, node_reclaim_distance, node_reclaim_mode,
    node_start, nohibernate, nohz_full_patience_delay, nohz_full_patience_delay_jiffies, noioapicquirk,
    noioapicreroute, noreplace_smp, noresume, nr_boot_triggers, nr_duplicate_ids, nr_ioapics, nr_irqs,
    nr_pfn_mapped, nr_range, nr_running_ctxs, nr_threads, nr_unique_ids, nr_warps, num_counters_nb,
    num_cpus_frozen, num_fault_mutexes, numa_distance_cnt, numa_node, numabalancing_override,
    one_day_secs, online_policy, oops_in_progress, oopscount, orig_fgconsole, orig_kmsg, overflowgid,
    overflowuid, page_cluster, page_cluster_max, page_group_by_mobility_disabled, page_size_mask,
    panic_on_io_nmi, panic_on_oops, panic_on_overflow, panic_on_unrecovered_nmi, panic_on_warn, panic_timeout,
    parsed_numa_memblks, pat_debug_enable, pause_on_oops, pause_on_oops_flag, pcc_chan_count, pci_acs_enable,
    pci_bf_sort, pci_domains_supported, pci_pci_problems, pci_routeirq, (*pcibios_enable_irq)(),
    pcibios_last_bus, pciehp_poll_time, pcpu_atom_size, pcpu_free_slot,
    pcpu_nr_groups, pcpu_nr_slots, pcpu_nr_units, pcpu_sidelined_slot, pcpu_to_depopulate_slot,
    *pcpu_unit_map, pcpu_unit_pages, pcpu_unit_size, percpu_counter_batch, percpu_pagelist_high_fraction,
    perf_sample_allowed_ns, perf_sample_period_ns, perf_sched_cb_usages, perf_throttled_count,
    persistent_clock_is_local, pic_mode, pid_max, pid_max_max, pid_max_min, (*platform_thermal_notify)(),
    (*platform_thermal_package_notify)(), pm_async_enabled, pm_nl_pernet_id, pmu_bus_running, pmu_version,
    pnp_debug, pnp_platform_devices, pnpacpi_disabled, pools_num, position_count, power_ctl_ee_state,
    pps_major, preempt_dynamic_mode, preferred_console, primary_device, print_fatal_signals, printk_context,
    printk_delay_msec, printk_pending, proc_initialized, prof_on, psi_bug, pstore_new_entry, pstore_update_ms,
    ptrace_scope, pty_limit, pty_limit_max, pty_limit_min, pty_reserve, random_warps, randomize_va_space,
    ratelimit_disable, rcu_cpu_stall_cputime, rcu_cpu_stall_ftrace_dump, rcu_cpu_stall_notifiers,
    rcu_cpu_stall_suppress, rcu_cpu_stall_suppress_at_boot, rcu_cpu_stall_timeout,
    rcu_delay_page_cache_fill_msec, rcu_divisor, rcu_exp_cpu_stall_timeout, rcu_expedited, rcu_fanout_leaf,
    rcu_min_cached_objs, rcu_nocb_gp_stride, rcu_normal, rcu_normal_after_boot, rcu_normal_wake_from_gp,
    rcu_num_lvls, rcu_num_nodes, rcu_scheduler_active, rcu_scheduler_fully_active, rcu_task_collapse_lim,
    rcu_task_contend_lim, rcu_task_cpu_ids, rcu_task_enqueue_lim, rcu_task_ipi_delay, rcu_task_lazy_lim,
    rcu_task_stall_info, rcu_task_stall_info_mult, rcu_task_stall_timeout, rcu_tasks_lazy_ms, reader_pos,
    ready_to_wait_for_devices, reboot_cpu, reboot_default, reboot_emergency, reboot_force, reboot_reason,
    reserve_count, reserved_mem_count, reset_managed_pages_done, resume_wait, retbleed_nosmt, rev_id,
    root_mountflags, root_wait, rtc_hctosys_ret, rwbf_quirk, saved_console_blanked, saved_fg_console,
    saved_last_console, saved_vc_mode, saved_want_console, sbf_port, sched_cmdline_ref, sched_core_priority,
    sched_domain_level_max, sched_domains_curr_level, *sched_domains_numa_distance, sched_domains_numa_levels,
    sched_max_numa_distance, sched_rr_timeslice, sched_skew_tick, sched_tgid_ref, scheduler_running, sci_irq,
    sci_penalty, scomp_scratch_users, scrollback_delta, sd_llc_id, sd_llc_size, sd_share_id,
    sections_per_block, selinux_enabled_boot, selinux_enforcing_boot, sgx_nr_epc_sections, shift_state,
    shmem_huge, show_lapic, show_unhandled_signals, shrinker_nr_max, six_hundred_forty_kb, size_limit_mb,
    small_contention_lim, smbios_entry_point_size, smp_found_config, snc_nodes_per_l3_cache,
    softcursor_original, stack_tracer_enabled, stimer0_irq, stimer0_message_sint, strict_iomem_checks,
    suid_dumpable, suppress_printk, sys_perf_refcount_enter, sys_perf_refcount_exit, sys_tracepoint_refcount,
    sysctl_compact_memory, sysctl_compact_unevictable_allowed, sysctl_devconf_inherit_init_net,
    sysctl_drop_caches, sysctl_enable_soft_offline, sysctl_extfrag_threshold,
    sysctl_fb_tunnels_only_for_init_net, sysctl_hardlockup_all_cpu_backtrace, sysctl_hugetlb_shm_group,
    sysctl_hung_task_check_count, sysctl_hung_task_warnings, sysctl_io_uring_disabled, sysctl_io_uring_group,
    sysctl_kprobes_optimization, sysctl_legacy_va_layout, sysctl_max_map_count, sysctl_max_rcu_stall_to_panic,
    sysctl_memory_failure_early_kill, sysctl_memory_failure_recovery, sysctl_min_slab_ratio,
    sysctl_min_unmapped_ratio, sysctl_mld_max_msf, sysctl_mld_qrv, sysctl_nf_log_all_netns,
    sysctl_numa_balancing_mode, sysctl_oom_dump_tasks, sysctl_oom_kill_allocating_task,
    sysctl_overcommit_memory, sysctl_overcommit_ratio, sysctl_page_lock_unfairness, sysctl_panic_on_oom,
    sysctl_panic_on_rcu_stall, sysctl_perf_cpu_time_max_percent, sysctl_perf_event_max_contexts_per_stack,
    sysctl_perf_event_max_stack, sysctl_perf_event_mlock, sysctl_perf_event_paranoid,
    sysctl_perf_event_sample_rate, sysctl_poolsize, sysctl_protected_fifos, sysctl_protected_hardlinks,
    sysctl_protected_regular, sysctl_protected_symlinks, sysctl_random_min_urandom_seed,
    sysctl_random_write_wakeup_bits, sysctl_record_panic_msg, sysctl_resched_latency_warn_ms,
    sysctl_resched_latency_warn_once, sysctl_sched_rr_timeslice, sysctl_sched_rt_runtime,
    sysctl_softlockup_all_cpu_backtrace, sysctl_stat_interval, sysctl_tcp_low_latency, sysctl_tcp_max_orphans,
    sysctl_tstamp_allow_data, sysctl_unprivileged_bpf_disabled, sysctl_unprivileged_userfaultfd,
    sysctl_vfs_cache_pressure, sysctl_vm_numa_stat, sysfs_initialized, sysrq_enabled, sysrq_pressed,
    sysrq_reset_downtime_ms, tbl_size, tcp_adv_win_scale_max, tcp_adv_win_scale_min, tcp_app_win_max,
    tcp_friendliness, tcp_memory_per_cpu_fw_alloc, tcp_min_snd_mss_max, tcp_min_snd_mss_min, tcp_orphan_cache,
    tcp_plb_max_cong_thresh, tcp_plb_max_rounds, tcp_retr1_max, tcp_syn_linear_timeouts_max,
    tcp_syn_retries_max, tcp_syn_retries_min, temp_ima_appraise, template_setup_done, ten_thousand, *tgid_map,
    tick_broadcast_forced, tick_do_timer_boot_cpu, tick_do_timer_cpu, time_state, time_status,
    timekeeping_suspended, tomoyo_enabled, top_tier_adistance, total_ref_count, tp_vec_nr,
    trace_buffered_event_cnt, trace_buffered_event_ref, tracefs_mount_count, tracepoint_printk,
    tracing_disabled, tsc_clocksource_reliable, tsc_force_recalibrate, tsc_unstable, tty_ldisc_autoload,
    two_five_five, udp_busylocks_log, udp_memory_per_cpu_fw_alloc, unknown_nmi_panic,
    unprivileged_userns_apparmor_policy, unprivileged_userns_clone, unres_qlen_max, uprobe_buffer_refcnt,
    use_threaded_interrupts, user_min_free_kbytes, user_stack_count, userdef, valid_policy, verbose,
    verify_n_cpus, vesa_off_interval, vga_count, vga_decode_count, vga_scan_lines, vga_video_font_height,
    vgacon_refcount, via_vlink_dev_hi, via_vlink_dev_lo, video_of_only, (*vlan_ioctl_hook)(), vm_dirty_ratio,
    vm_swappiness, want_console, watchdog_hardlockup_available, watchdog_hardlockup_user_enabled,
    watchdog_running, watchdog_softlockup_user_enabled, watchdog_thresh, watchdog_thresh_next,
    watchdog_user_enabled, watermark_boost_factor, watermark_scale_factor, weight_p, wq_rr_cpu_last,
    x2apic_mode, x2apic_phys, x2apic_state, x86_cpu_to_node_map, *x86_cpu_to_node_map_early_ptr,
    xen_emul_unplug, xen_hotplug_unpopulated, xen_platform_pci_unplug, xen_store_evtchn, xenbus_irq,
    xenstored_ready, xs_init_irq, xs_suspend_active;
int64_t watchdog_max_interval;
irq_cpustat_t irq_stat;
kmem_buckets *msg_buckets, *user_buckets;
ktime_t freezer_delta, freezer_expires, initcall_calltime, last_jiffies_update, last_timestamp,
    tick_next_period, watchdog_hrtimer_sample_threshold;
kuid_t audit_sig_uid;
loff_t next_header, this_header, wfile_pos;
long addr_end, addr_start, blimit, bpf_jit_limit, bpf_jit_limit_max, ft_int_max, ft_zero, it_int_max, it_zero,
    lapic_cal_t1, lapic_cal_t2, long_max, long_zero, max_user_watches, nr_dentry, nr_dentry_negative,
    nr_dentry_unused, (*panic_blink)(), qhimark, qlowmark, qovld_calc, ratelimit_pages, rcu_resched_ns,
    remains, stimer0_evt, time_adjust, time_constant, time_esterror, time_maxerror, total_swap_pages,
    ue_int_max, ue_zero;
mempool_t *bio_post_read_ctx_pool;
mh_filter_t *mh_filter;
mtrr_type last_fixed_type;
nmi_shootdown_cb shootdown_callback;
nodemask_t cpuset_attach_nodemask_to, default_dram_nodes, node_states[], nodes_found_map, numa_nodes_parsed,
    sgx_numa_mask, slab_nodes;
note_buf_t *crash_notes;
online_page_callback_t online_page_callback;
pgd_t *tboot_pg_dir, trampoline_pgd_entry;
phys_addr_t dmi_base, esrt_data, ibft_phys_addr, ima_kexec_buffer_phys, phys_initrd_start, physical_mask,
    xen_pt_base, xen_pt_size;
pid_t audit_sig_pid, xenwatch_pid;
pm_message_t pm_transition;
pmdval_t early_pmd_flags;
pte_t *p2m_identity_pte, *p2m_missing_pte;
pteval_t __default_kernel_pte_mask, __supported_pte_mask;
raw_spinlock_t *acpi_gbl_hardware_lock, blkg_stat_lock, c3_lock, cache_disable_lock, cgroup_rstat_cpu_lock,
    clockevents_lock, cmci_discover_lock, console_owner_lock, erst_lock, events_lock, hwp_notify_lock,
    i8253_lock, i8259A_lock, ioapic_lock, irq_2_ir_lock, irq_resend_lock, jiffies_lock, kfence_freelist_lock,
    nmi_reason_lock, pc_conf_lock, pci_config_lock, pci_lock, pool_lock, s2idle_lock,
    tick_broadcast_lock, tick_freeze_lock, timekeeper_lock, tracepoint_iter_lock, tty_ldiscs_lock,
    vector_lock, wakeup_irq_lock, wq_mayday_lock;
refcount_t hist_pad_ref;
resource_size_t screen_info_lfb_offset, screen_info_lfb_res_start;
rtc_irq_handler irq_handler;
s32 vm_committed_as_batch;
s64 ntp_tick_adj, time_freq, time_offset;
sector_t swsusp_resume_block;
seqcount_rwlock_t uprobes_seqcount;
seqcount_t psi_seq, unix_peek_seq;
siphash_key_t hashrnd, net_secret, ptr_key;
size_t _vdso_data_offset, atomic_pool_size, efi_mokvar_table_size, elfcorebuf_sz, elfcorebuf_sz_orig,
    elfnotes_sz, esrt_data_size, ima_kexec_buffer_size, max_compressed_size, modinfo_attrs_count,
    pcpu_chunk_struct_size, *pcpu_group_sizes, pool_offset, power_supply_battery_info_properties_size,
    screen_info_lfb_bar, syslog_partial, tgid_map_max, vmcoreinfo_size;
slab_flags_t slub_debug;
spinlock_t aa_buffers_lock, acaddr_hash_lock, *acpi_gbl_global_lock_pending_lock, *acpi_gbl_gpe_lock,
    *acpi_gbl_reference_count_lock, aer_recover_ring_lock, aio_nr_lock, async_lock, auditd_conn_lock,
    bdi_lock, bio_dirty_lock, blocked_lock_lock, bpf_lock, btf_idr_lock, calipso_doi_list_lock, callback_lock,
    cancel_lock, cdev_lock, cgroup_file_kn_lock, cgroup_idr_lock, cgroup_rstat_lock, cgwb_lock,
    cipso_v4_doi_list_lock, cmci_poll_lock, cpa_lock, cpuidle_driver_lock, css_set_lock, dcb_lock,
    destroy_lock, dev_map_lock, dma_bufs_lock, dma_fence_stub_lock, dq_data_lock, dq_list_lock, dq_state_lock,
    dump_list_lock, efi_mem_reserve_persistent_lock, elv_list_lock, entry_list_lock, fasync_lock,
    fib_info_lock, fnhe_lock, free_vmap_area_lock, freezer_delta_lock, freezer_lock, fscrypt_direct_keys_lock,
    func_buf_lock, ghes_notify_lock_irq, gnttab_list_lock, hpet_lock, huge_anon_orders_lock,
    huge_shmem_orders_lock, huge_zero_lock, hugetlb_lock, i8042_lock, idem_lock, inetsw6_lock, inetsw_lock,
    inode_hash_lock, iommu_device_lock, ip6_fl_lock, ip6_sk_fl_lock, kbd_event_lock, kernfs_idr_lock,
    kernfs_notify_lock, kernfs_pr_cont_lock, key_serial_lock, key_user_lock, khugepaged_mm_lock,
    klist_remove_lock, klp_shadow_lock, kmalloced_params_lock, kobj_ns_type_lock, ksm_mmlist_lock,
    kthread_create_lock, l3mdev_lock, led_lock, link_idr_lock, lweventlist_lock, major_names_spinlock,
    map_entries_bootmem_lock, map_entries_lock, map_idr_lock, memtype_lock, mmlist_lock,
    module_fw_flash_work_list_lock, mptcp_sched_list_lock, mq_lock, napi_hash_lock, net_family_lock,
    netlbl_domhsh_lock, netlbl_unlhsh_lock, nls_lock, nr_freq_lock, objcg_lock, object_map_lock, offload_lock,
    once_lock, oom_reaper_lock, p2m_update_lock, padata_works_lock, pause_on_oops_lock,
    pcibios_fwaddrmap_lock, pcpu_lock, pdrvdata_lock, percpu_counters_lock, percpu_ref_switch_lock, pgd_lock,
    pidmap_lock, pin_fs_lock, pin_lock, pm_qos_lock, prog_idr_lock, ptracer_relations_lock, ptype_lock,
    qdisc_rtab_lock, redirect_lock, release_agent_path_lock, req_lock, resource_alignment_lock,
    reuseport_lock, rt6_exception_lock, rtc_lock, rtcdev_lock, sb_lock, sched_debug_lock, sel_ib_pkey_lock,
    sel_netif_lock, sel_netnode_lock, sel_netport_lock, serio_event_lock, sgx_reclaimer_lock,
    shmlock_user_lock, swap_avail_lock, swap_lock, sysctl_lock, sysfs_symlink_target_lock,
    sysrq_key_table_lock, task_group_lock, tcp_cong_list_lock, tcp_metrics_lock, tcp_ulp_list_lock,
    tcpv6_prot_lock, template_list, tomoyo_io_buffer_list_lock, tomoyo_log_lock, tomoyo_query_list_lock,
    trace_cgroup_path_lock, trace_iocg_path_lock, trace_lock, tracefs_inode_lock, ts_mod_lock, ucounts_lock,
    *udp_busylocks, udpv6_prot_lock, uidhash_lock, umh_sysctl_lock, unaccepted_memory_lock,
    unix_dgram_prot_lock, unix_gc_lock, unix_stream_prot_lock, vclock_hash_lock, vga_user_lock,
    vmcore_cb_lock, vt_event_lock, watch_events_lock, watchdog_lock, watches_lock, xen_reservation_lock,
    xenbus_valloc_lock, xencons_lock, xfrm_if_cb_lock, xfrm_input_afinfo_lock, xfrm_km_lock,
    xfrm_policy_afinfo_lock, xfrm_state_afinfo_lock, xfrm_state_dev_gc_lock, xfrm_state_gc_lock,
    xs_state_lock, zswap_pools_lock;
static_tree_desc static_bl_desc, static_d_desc, static_l_desc;
suspend_state_t mem_sleep_current, mem_sleep_default, pm_suspend_target_state;
time64_t key_gc_next_run, ntp_next_leap_sec, time_reftime;
trace_func_graph_ent_t ftrace_graph_entry;
trace_func_graph_ret_t ftrace_graph_return;
u16 acpi_gbl_global_lock_handle, acpi_gbl_pm1_enable_register_save, cgroup_feature_disable_mask, cur_line_y,
    dmi_num, fanout_next_id, ghcb_version, hv_ghcb_version, l1ss_cap, max_line_y, ping_port_rover, prev_cap,
    toshiba_line_size, vga_video_port_reg, vga_video_port_val;
u32 acpi_current_gpe_count, acpi_dbg_layer, acpi_dbg_level, acpi_gbl_dsdt_index, acpi_gbl_facs_index,
    acpi_gbl_fadt_index, acpi_gbl_max_loop_iterations, acpi_gbl_ns_lookup_count, acpi_gbl_original_dbg_layer,
    acpi_gbl_original_dbg_level, acpi_gbl_original_mode, acpi_gbl_ps_find_count, acpi_gbl_startup_flags,
    acpi_gbl_trace_dbg_layer, acpi_gbl_trace_dbg_level, acpi_gbl_trace_flags, acpi_gbl_xfacs_index,
    acpi_irq_handled, acpi_irq_not_handled, acpi_method_count, acpi_sci_count, acpi_sci_override_gsi,
    acpi_target_sleep_state, audit_backlog_limit, audit_backlog_wait_time, audit_default, audit_enabled,
    audit_failure, audit_rate_limit, audit_sig_sid, beta_scale, bsp_cpuid_1_eax, cpuid_ext_range_max,
    cpuid_hyp_range_max, cpuid_std_range_max, crypto_fl_tab[][256], crypto_ft_tab[][256],
    crypto_il_tab[][256], crypto_it_tab[][256], cube_rtt_scale, deftype_hi, deftype_lo, dmi_len, dmi_ver,
    efi_x, efi_y, elf_hwcap2, ethnl_bcast_seq, fib_multipath_hash_fields_all_mask, *flush_words,
    fw_devlink_flags, gsi_top, hdr_csum, hpet_default_delta, hpet_max_freq, hpet_nhpet, hpet_pie_delta,
    hpet_t1_cmp, hv_max_vp_index, *hv_vp_index, hwpoison_filter_dev_major, hwpoison_filter_dev_minor,
    hwpoison_filter_enable, ibs_caps, init_pkru_value, io_csum, ioam6_id_max, ioam6_if_id_max, iommu_cmd_line,
    ip_idents_mask, *ip_tstamps, l1ss_header, lsm_active_cnt, lvtthmr_init, main_extable_sort_needed,
    mbm_cf_rmidthreshold, num_counters, num_gpes, nvme_dhchap_seqnum, orig_umwait_control_cached,
    osc_sb_native_usb4_control, phys_hi_rsvd, pmtmr_ioport, prev_header, proc_fib_multipath_hash_rand_seed,
    rt6_multipath_hash_fields_all_mask, saved_bm_rld, seccomp_actions_logged, sel_netif_total,
    sgx_misc_reserved_mask, sock_id, stack_hash_seed, swsusp_hardware_signature, *table_perturb, tcp_sock_id,
    timeout, tpm_suspend_pcr, *trampoline_cr4_features, u32_max_div_HZ, umwait_control_cached, vgacon_xres,
    vgacon_yres, *vmcoreinfo_note, x2apic_max_apicid, x86_cpu_to_acpiid, *x86_cpu_to_acpiid_early_ptr;
u64 __gtod_offset, __report_allowed, __report_avg, __sched_clock_offset, acpi_lapic_addr, acpi_mp_pgd,
    acpi_mp_reset_vector_paddr, acpi_mp_wake_mailbox_paddr, acpi_tables_addr, action_threshold,
    amd_hw_cache_event_ids_f17h[][3][2], amd_pmu_global_cntr_mask, arch_max_freq_ratio, arch_turbo_freq_ratio,
    bank_map, bdi_id_cursor, boost_numerator, boot_svsm_caa_pa, cc_mask, csnow_mid, css_serial_nr_next,
    cube_factor, cycles_at_suspend, decay_interval, discard_pa_seq, dl_generation, efi_setup, efi_va,
    fam10h_pci_mmconf_base, fb_base, flush_last_time, hv_current_partition_id, (*hv_read_reference_counter)(),
    hv_ref_counter_at_suspend, hv_sched_clock_offset, hwpoison_filter_flags_mask, hwpoison_filter_flags_value,
    hwpoison_filter_memcg, intel_iommu_cap_sanity, intel_iommu_ecap_sanity, ioam6_id_wide_max, jiffies_64,
    kvm_sched_clock_offset, loop_check_gen, max_cfs_quota_period, max_mem_size, mbm_cf, mem_flags,
    msr_misc_features_shadow, msr_test_ctrl_cache, mtrr_chunk_size, mtrr_gran_size, mtrr_tom2, nmi_longest_ns,
    pat_msr_val, perf_throttled_seq, prefetch_disable_bits, prio_high, prio_low, psi_period,
    root_cpuacct_cpuusage, running_sample_length, sample_period, sev_check_data, sev_hv_features, sev_status,
    sgx_attributes_reserved_mask, sgx_xfrm_reserved_mask, smca_misc_banks_map, sme_me_mask, spcr_uart_addr,
    spec_ctrl, suspend_start, svsm_caa_pa, syslog_seq, therm_intr_core_clear_mask, therm_intr_pkg_clear_mask,
    tick_length, tick_length_base, vmcore_size, x86_amd_ls_cfg_base, x86_amd_ls_cfg_ssbd_mask,
    x86_arch_cap_msr, x86_pred_cmd, x86_spec_ctrl_base, x86_spec_ctrl_current, xen_clock_value_saved,
    xen_saved_max_mem_size, xen_sched_clock_offset, xfd_state, zone_dma_limit, zswap_pool_limit_hit,
    zswap_reject_alloc_fail, zswap_reject_compress_poor, zswap_reject_kmemcache_fail,
    zswap_reject_reclaim_fail, zswap_written_back_pages;
u8 acpi_gbl_acpi_hardware_present, acpi_gbl_all_gpes_initialized, acpi_gbl_auto_serialize_methods,
    acpi_gbl_capture_comments, acpi_gbl_cm_single_step, acpi_gbl_copy_dsdt_locally,
    acpi_gbl_create_osi_method, acpi_gbl_db_output_flags, acpi_gbl_debugger_configuration,
    acpi_gbl_disable_auto_repair, acpi_gbl_disable_ssdt_table_install, acpi_gbl_display_debug_timer,
    acpi_gbl_do_not_use_xsdt, acpi_gbl_early_initialization, acpi_gbl_enable_aml_debug_object,
    acpi_gbl_enable_interpreter_slack, acpi_gbl_enable_table_validation, acpi_gbl_events_initialized,
    acpi_gbl_global_lock_acquired, acpi_gbl_global_lock_pending, acpi_gbl_global_lock_present,
    acpi_gbl_ignore_package_resolution_errors, acpi_gbl_integer_bit_width, acpi_gbl_integer_byte_width,
    acpi_gbl_integer_nybble_width, acpi_gbl_last_owner_id_index, acpi_gbl_namespace_initialized,
    acpi_gbl_next_owner_id_offset, acpi_gbl_osi_data, acpi_gbl_reduced_hardware,
    acpi_gbl_runtime_namespace_override, acpi_gbl_shutdown, acpi_gbl_sleep_type_a, acpi_gbl_sleep_type_a_s0,
    acpi_gbl_sleep_type_b, acpi_gbl_sleep_type_b_s0, acpi_gbl_step_to_next_call,
    acpi_gbl_system_awake_and_running, acpi_gbl_truncate_io_addresses, acpi_gbl_use32_bit_facs_addresses,
    acpi_gbl_use32_bit_fadt_addresses, acpi_gbl_use_default_register_widths, acpi_gbl_use_global_lock,
    acpi_sci_flags, boot_cpu_apic_version, hmat_revision, hpet_blockid, netlabel_unlabel_acceptflg,
    nf_ctnetlink_has_listener, nlink_tgid, nlink_tid, *numa_distance, nvme_max_retries, pci_cache_line_size,
    pci_dfl_cache_line_size, printk_count, printk_count_early, printk_count_nmi, printk_count_nmi_early,
    *rng_buffer, *rng_fillbuf, saved_epb, snp_vmpl, valid_flags, vmware_hypercall_mode;
uint balloon_boot_timeout, event_eoi_delay, event_loop_timeout;
uint32_t amd_counters_base, amd_ctrls_base, xen_start_flags, xen_vcpu_id, xs_request_id;
uint64_t callback_via;
ulong counter_wrap_check, exp_holdoff, jiffies_till_first_fqs, jiffies_till_next_fqs, jiffies_till_sched_qs,
    jiffies_to_sched_qs, srcu_max_nodelay, srcu_max_nodelay_phase, srcu_retry_check_delay;
unsigned char acpi_srat_revision, i8042_ctr, i8042_initial_ctr, i8042_suppress_kbd_ack, ledioctl,
    shutdown_timeout, vga_video_type, *vmcoreinfo_data, *vmcoreinfo_data_safecopy;
unsigned int __amd_nodes_per_pkg, __max_dies_per_package, __max_logical_packages, __max_threads_per_core,
    __num_cores_per_package, __num_threads_per_package, __pgtable_l5_enabled, aa_g_path_max,
    accent_table_size, acpi_enforce_resources, acpi_event_seqnum, acpi_sci_irq, admin_timeout, alloc_highmem,
    alloc_normal, allocated_unsafe_pages, apparmor_hash_size, (*atkbd_platform_scancode_fixup)(),
    audit_net_id, auto_movable_ratio, bdi_min_ratio, blktrace_seq, boot_cpu_physical_apicid, brl_nbchords,
    brl_timeout, cache_map_fixed, cache_map_n, cache_map_size, cached_irq_mask, carrier_timeout,
    coherency_max_size, core_file_note_size_limit, core_file_note_size_max, core_file_note_size_min,
    core_pipe_limit, core_sort_vma, cpu_khz, cpu_smt_max_threads, cpu_smt_num_threads,
    cpufreq_thermal_reduction_step, cpuid_leaf5_ecx_val, cpuid_leaf5_edx_val, current_bit_idx,
    current_word_idx, d_hash_shift, debugfs_allow, default_hstate_idx, defer_sync_state_count, devkmsg_log,
    die_nest_count, dirty_expire_interval, dirty_writeback_interval, dirtytime_expire_interval,
    disabled_states_mask, discontig_frames_order, dq_hash_bits, dq_hash_mask,
    early_nbcon_pcpu_emergency_nesting, ec_delay, ec_event_clearing, ec_max_queries, ec_polling_guard,
    ec_storm_threshold, event_array_pages, fgraph_max_depth, fib_info_cnt, fib_info_hash_bits,
    fib_info_hash_size, fib_notifier_net_id, first_fb_vc, force_load, fpu_default_state_size,
    free_per_iteration, freeze_timeout_msecs, gnttab_size, guest_halt_poll_grow, guest_halt_poll_grow_start,
    guest_halt_poll_ns, guest_halt_poll_shrink, handshake_net_id, hardlockup_panic, hrtimer_resolution,
    i8042_pnp_aux_devices, i8042_pnp_kbd_devices, i_hash_mask, i_hash_shift, ima_bufsize, init_udelay,
    intel_pasid_max_id, io_queue_depth, ioapic_dynirq_base, iommu_def_domain_type, ioremap_max_page_shift,
    iova_cache_users, irq_epoch, irq_poll_budget, its_offset, ivsize, key_gc_delay, key_quota_maxbytes,
    key_quota_maxkeys, key_quota_root_maxbytes, key_quota_root_maxkeys, keymap_count, kfence_burst,
    khugepaged_alloc_sleep_millisecs, khugepaged_full_scans, khugepaged_max_ptes_none,
    khugepaged_max_ptes_shared, khugepaged_max_ptes_swap, khugepaged_pages_collapsed,
    khugepaged_pages_to_scan, khugepaged_scan_sleep_millisecs, klp_signals_cnt, kmmio_count,
    ksm_advisor_max_cpu, ksm_merge_across_nodes,
    ksm_thread_pages_to_scan, ksm_thread_sleep_millisecs, lapic_timer_period, last_fb_vc, last_fixed_end,
    last_fixed_start, last_ino, latency_factor, ledstate, list_count, lookup_num_blocks, m_hash_mask,
    m_hash_shift, max_gen_ptrs, max_host_mem_size_mb, max_possible_cpus, max_user_bgreq, max_user_congthresh,
    mce_exception_count, mce_num_banks, mce_poll_count, memory_caching_control, mp_hash_mask, mp_hash_shift,
    mwait_substates, mxcsr_feature_mask, napi_gen_id, nbcon_pcpu_emergency_nesting, netlink_tap_net_id,
    next_early_pgt, nmi_rearmed, nop_txn_flags, normalized_sysctl_sched_base_slice, npadch_value,
    nr_copy_pages, nr_cpu_ids, nr_grant_frames, nr_meta_pages, nr_node_ids, nr_nonram_remap, nr_online_nodes,
    nr_swapfiles, nr_uarts, nr_vmap_nodes, nr_zero_pages, num_prealloc_crypto_pages, num_var_ranges,
    nvme_io_timeout, old_bump_val, oops_limit, page_reporting_order, pci_flags, pci_pm_d3hot_delay, pci_probe,
    pcibios_irq_mask, pcibios_max_latency, pcpu_high_unit_cpu, pcpu_low_unit_cpu, persistent_keyring_expiry,
    pgdir_shift, pipe_max_size, pm_suspend_global_flags, poll_queues, preferred_states_mask,
    pseudo_lock_major, ptrs_per_p4d, pv_lock_hash_bits, pvh_start_info_sz, rdt_mon_features, real_root_dev,
    ref_freq, resctrl_rmid_realloc_limit, resctrl_rmid_realloc_threshold, reset_devices, resume_delay,
    rmid_limbo_count, root_delay, saved_command_line_len, saved_count, self_inum, (*serial_in)(),
    setup_max_cpus, sgl_threshold, slub_max_order, slub_min_objects, slub_min_order,
    smpboot_warm_reset_vector_count, softlockup_panic, stack_hash_mask, stack_trace_nr_entries,
    swsusp_header_flags, sysctl_compaction_proactiveness, sysctl_fib_sync_mem, sysctl_fib_sync_mem_max,
    sysctl_fib_sync_mem_min, sysctl_hung_task_all_cpu_backtrace, sysctl_hung_task_panic, sysctl_mount_max,
    sysctl_net_busy_poll, sysctl_net_busy_read, sysctl_nr_open, sysctl_nr_open_max, sysctl_nr_open_min,
    sysctl_numa_balancing_hot_threshold, sysctl_numa_balancing_promote_rate_limit,
    sysctl_numa_balancing_scan_delay, sysctl_numa_balancing_scan_period_max,
    sysctl_numa_balancing_scan_period_min, sysctl_numa_balancing_scan_size, sysctl_oops_all_cpu_backtrace,
    sysctl_sched_autogroup_enabled, sysctl_sched_base_slice, sysctl_sched_cfs_bandwidth_slice,
    sysctl_sched_dl_period_max, sysctl_sched_dl_period_min, sysctl_sched_energy_aware, sysctl_sched_features,
    sysctl_sched_migration_cost, sysctl_sched_nr_migrate, sysctl_sld_mitigate,
    sysctl_timer_migration, sysrq_reset_seq_len, sysrq_reset_seq_version, tcf_net_id,
    tcp_child_ehash_entries_max, tcp_metrics_hash_log, tcp_orphan_count, tcpmhash_entries, thread_self_inum,
    tick_freeze_depth, tmigr_crossnode_level, tmigr_hierarchy_levels, tnode_free_size, token_mask,
    tomoyo_log_count, total_cpus, tsc_early_khz, tsc_khz, udp_child_hash_entries_max, unix_tot_inflight,
    vclocks_used, vdso32_enabled, vdso64_enabled, vga_default_font_height, vga_rolled_over,
    vga_video_num_columns, vga_video_num_lines, vga_vram_size, vmap_zone_size, warn_limit, write_queues,
    x86_swiotlb_flags, xb_dev_generation_id, xen_gnttab_version, xfrm_policy_hashmax, xfrm_state_hashmax,
    xs_state_users, zero_checksum, zswap_accept_thr_percent, zswap_max_pool_percent;
unsigned long USER_PTR_MAX, __highest_present_section_nr, _brk_end, _brk_start, _cea_offset,
    acpi_gbl_xgpe0_block_logical_address, acpi_gbl_xgpe1_block_logical_address, acpi_realmode_flags,
    acpi_rsdp, aio_max_nr, aio_nr, apic_mmio_base, apst_primary_latency_tol_us, apst_primary_timeout_ms,
    apst_secondary_latency_tol_us, apst_secondary_timeout_ms, arch_freq_scale, auto_demotion_disable_flags,
    backtrace_flag, blk_timeout_mask, body_len, boot_option_idle_override, byte_count, calc_load_update,
    check_interval, cold_min_age, cpu_bit_bitmap[65][128], cpu_bit_bitmap[65][8], cpu_current_top_of_stack, cpu_dr7,
    cpu_loops_per_jiffy, cpufreq_pressure, cr4_pinned_bits, dac_mmap_min_addr, default_dump_filter,
    default_hstate_max_huge_pages, default_nareas, default_nslabs, default_ps_max_latency_us, dhash_entries,
    dirty_background_bytes, dirty_bytes_min, disk_events_dfl_poll_msecs, early_serial_base,
    efi_config_table, efi_fw_vendor, efi_mem_attr_table, efi_nr_tables, efi_rng_seed, efi_runtime,
    efi_systab_phys, evm_set_key_flags, fault_around_pages, fgraph_array_bitmask, filter_offset,
    force_hpet_address, ftrace_number_of_groups, ftrace_number_of_pages, ftrace_update_tot_cnt,
    *gnttab_free_bitmap, hard_lockup_nmi_warn, highest_memmap_pfn, hot_thres_access_freq, hpet_address,
    hpet_freq, hpet_pie_count, hpet_pie_limit, hpet_rtc_flags, huge_anon_orders_always,
    huge_anon_orders_inherit, huge_anon_orders_madvise, huge_shmem_orders_always, huge_shmem_orders_inherit,
    huge_shmem_orders_madvise, huge_shmem_orders_within_size, huge_zero_pfn, hugetlb_cma_size,
    hung_task_timeout_max, i8042_start_time, ihash_entries, ima_ahash_minsize, ima_fs_flags, image_size,
    ini_nr_pages, initrd, initrd_end, initrd_start, io_apic_irqs, irqsave_flags, jiffies_lazy_flush,
    jump_address_phys, key_gc_flags, kfence_sample_interval, kfence_skip_covered_thresh,
    khugepaged_sleep_expire, ksm_advisor_max_pages_to_scan, ksm_advisor_min_pages_to_scan,
    ksm_advisor_target_scan_time, ksm_pages_scanned, ksm_pages_shared, ksm_pages_sharing, ksm_pages_skipped,
    ksm_pages_unshared, ksm_rmap_items, ksm_run, ksm_stable_node_chains, ksm_stable_node_dups, kvm_apic_eoi,
    lapic_cal_j1, lapic_cal_j2, last_nmi_rip, linkwatch_flags, linkwatch_nextevent, loops_per_jiffy,
    loops_per_jiffy_ref, lpj_fine, lru_gen_min_ttl, *machine_to_phys_mapping, machine_to_phys_nr,
    max_buffer_heads, max_frame_size, max_load_balance_interval, max_low_pfn, max_low_pfn_mapped, max_pfn,
    max_pfn_mapped, mc_group_start, *mc_groups, mc_groups_longs, mce_need_notify, mce_next_interval,
    mem_reserve, memory_block_size_probed, mhash_entries, min_age, min_low_pfn, min_pfn_mapped, mmap_min_addr,
    mmu_cr4_features, mp_lapic_addr, mphash_entries, msr_mask, my_inptr, n_trc_holdouts, name_len,
    new_log_buf_len, nmi_cr2, nmi_dr7, nr_all_pages, nr_inodes, nr_kernel_pages, nr_mtrr_spare_reg, nr_unused,
    *p2m_identity, *p2m_mid_missing_mfn, *p2m_missing, *p2m_top_mfn, **p2m_top_mfn_p, panic_on_taint,
    panic_print, pci_cardbus_io_size, pci_cardbus_mem_size, pci_hotplug_bus_size, pci_hotplug_io_size,
    pci_hotplug_mmio_pref_size, pci_hotplug_mmio_size, pci_mem_start, *pcpu_group_offsets, pcpu_nr_populated,
    *pcpu_unit_offsets, perf_nmi_tstamp, perf_nmi_window, pgt_buf_end, pgt_buf_top, phys_initrd_size,
    physmem_end, pipe_user_pages_hard, pipe_user_pages_soft, *pirq_eoi_map, pirq_table_addr, platform_mmio,
    platform_mmio_alloc, platform_mmiolen, poking_addr, pool_size_dma, pool_size_dma32, pool_size_kernel,
    preset_lpj, prev_overruns, process_counts, prof_len, prop_phys, pseudo_lock_minor_avail,
    quota_autotune_feedback, quota_mem_pressure_us, range_sums, rcu_barrier_last_throttle,
    relocated_restore_code, required_kernelcore, required_kernelcore_percent, required_movablecore,
    required_movablecore_percent, reserved_size, restore_cr3, restore_jump_address, rt_prop,
    s4_hardware_signature, saved_cr4, saved_video_mode, set_memory_block_size, shared_info_pfn,
    smp_changes_mask, soft_lockup_nmi_warn, stack_guard_gap, stack_trace_max_size, swapfile_maximum_size,
    sysctl_admin_reserve_kbytes, sysctl_hung_task_check_interval_secs, sysctl_hung_task_timeout_secs,
    sysctl_overcommit_kbytes, sysctl_user_reserve_kbytes, tainted_mask, tcp_memory_pressure, temp_pgt,
    thash_entries, this_cpu_off, tick_nohz_active, tick_nsec, tick_usec, tlb_single_page_flush_ceiling,
    total_forks, totalcma_pages, totalreserve_pages, trace_buf_size, tracing_thresh,
    transparent_hugepage_flags, tsc_khz_ref, tsc_pfn, uga_phys, uhash_entries, unix_vertex_grouped_index,
    unix_vertex_max_scc_index, unix_vertex_unvisited_index, unused_pmd_start, vga_vram_base, vga_vram_end,
    vm_dirty_bytes, vmware_tsc_khz, *watchdog_cpumask_bits, watchdog_enabled, watchdog_report_ts,
    watchdog_touch_ts, wq_cpu_intensive_thresh_us, xen_cr0_value, xen_cr3, xen_current_cr3, xen_max_p2m_pfn,
    xen_mc_irq_flags, *xen_p2m_addr, xen_p2m_last_pfn, xen_p2m_size, xen_released_pages, xen_remap_mfn,
    xen_store_gfn, xen_unpopulated_pages, zero_pfn;
unsigned long long cyc2ns_suspend, elfcorehdr_addr, elfcorehdr_size, lapic_cal_tsc1, lapic_cal_tsc2,
    loops_per_msec, max_possible_pfn;
unsigned short current_quality, default_quality, media_ready_timeout, prof_shift, root_swap,
    translations[][256];
uuid_t uuid_null;
void (*__acpi_unregister_gsi)(), (*__fib6_flush_trees)(), *acpi_gbl_global_event_handler_context,
    *acpi_gbl_global_lock_semaphore, *acpi_gbl_osi_mutex, *acpi_gbl_table_handler_context, *acpi_irq_context,
    *(*acpi_os_ioremap)(), aio_sysctls, *asus_rcba_base, (*atkbd_platform_fixup)(),
    *atkbd_platform_fixup_data, bpf_verifier_ops, *buffer, *compress_workspace, coredump_sysctls,
    *cpuset_being_rebound, (*deferred_error_int_vector)(), (*delay_fn)(), (*delay_halt_fn)(),
    dev_attr_physical_location, dev_attr_pmu_name, dnotify_sysctls, *efi_fb, event_array, event_cb,
    event_hash, event_offsets, event_type_size, fs_dcache_sysctls, fs_exec_sysctls, fs_namespace_sysctls,
    fs_pipe_sysctls, fs_shared_sysctls, fs_stat_sysctls, *ftrace_expected, ftrace_sysctls, *high_memory,
    *hpet_virt_address, hugetlb_vmemmap_sysctls, hung_task_sysctls, (*hv_crash_handler)(), *hv_hypercall_pg,
    *hv_hypercall_pg_saved, (*hv_kexec_handler)(), *hv_panic_page, (*hv_reenlightenment_cb)(),
    (*hv_stimer0_handler)(), **hyperv_pcpu_input_arg, **hyperv_pcpu_output_arg, inodes_sysctls, *insn_buffer,
    ipc_sysctls, *its_page, kexec_core_sysctls, key_sysctls, kprobe_sysctls,
    (*kvm_posted_intr_wakeup_handler)(), (*late_time_init)(), locks_sysctls, (*mc_poll_banks)(),
    (*mce_threshold_vector)(), mq_sysctls, namei_sysctls, *new_pool, (*old_restore_sched_clock_state)(),
    (*old_save_sched_clock_state)(), (*old_setup_percpu_clockev)(), *p_end, *p_start,
    (*pcibios_disable_irq)(), *pcpu_base_addr, (*pm_power_off)(), printk_sysctls, *processor_device_array,
    *rcba_base, sched_autogroup_sysctls, sched_core_sysctls, sched_dl_sysctls, sched_energy_aware_sysctls,
    sched_fair_sysctls, sched_rt_sysctls, (*serial8250_isa_config)(), (*serial_out)(), sld_sysctls,
    *sparsemap_buf, *sparsemap_buf_end, (*suspend_resume_callback)(), *suspend_resume_cb_data, *swsusp_holder,
    trace_event_fields_aer_event, trace_event_fields_amd_pstate_perf, trace_event_fields_arm_event,
    trace_event_fields_block_rq, trace_event_fields_block_rq_completion, trace_event_fields_block_rq_requeue,
    trace_event_fields_cache_tag_flush, trace_event_fields_consume_skb, trace_event_fields_cxl_dram,
    trace_event_fields_cxl_general_media, trace_event_fields_cxl_generic_event,
    trace_event_fields_cxl_memory_module, trace_event_fields_cxl_poison, trace_event_fields_ext4__es_extent,
    trace_event_fields_ext4_da_reserve_space, trace_event_fields_ext4_discard_preallocations,
    trace_event_fields_ext4_es_insert_delayed_extent, trace_event_fields_ext4_es_remove_extent,
    trace_event_fields_fib6_table_lookup, trace_event_fields_io_uring_task_work_run,
    trace_event_fields_iomap_iter, trace_event_fields_kfree_skb, trace_event_fields_kmem_cache_alloc,
    trace_event_fields_mce_record, trace_event_fields_mm_collapse_huge_page,
    trace_event_fields_mm_collapse_huge_page_swapin, trace_event_fields_mm_khugepaged_scan_pmd,
    trace_event_fields_mm_migrate_pages, trace_event_fields_mm_shrink_slab_end,
    trace_event_fields_mm_shrink_slab_start, trace_event_fields_mm_vmscan_direct_reclaim_begin_template,
    trace_event_fields_mm_vmscan_direct_reclaim_end_template, trace_event_fields_mm_vmscan_lru_isolate,
    trace_event_fields_mptcp_dump_mpext, trace_event_fields_net_dev_rx_verbose_template,
    trace_event_fields_net_dev_start_xmit, trace_event_fields_net_dev_template,
    trace_event_fields_net_dev_xmit, trace_event_fields_net_dev_xmit_timeout, trace_event_fields_rseq_update,
    trace_event_fields_sched_stat_runtime, trace_event_fields_tcp_probe,
    trace_event_fields_thermal_power_allocator, trace_event_fields_timer_start,
    trace_event_fields_tmigr_connect_child_parent, trace_event_fields_tmigr_connect_cpu_parent,
    trace_event_fields_udp_fail_queue_rcv_skb, trace_event_fields_wbc_class,
    trace_event_fields_workqueue_activate_work, uprobes_mmap_mutex, vm_page_writeback_sysctls,
    (*vmbus_handler)(), watchdog_sysctls, (*x86_platform_ipi_callback)(), (*x86_return_thunk)(),
    *xen_initial_gdt;
wait_queue_head_t hist_poll_wq, log_wait, netdev_unregistering_wq;
