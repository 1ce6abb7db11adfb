package service;

record OrderCancelled(String customer) {
}
